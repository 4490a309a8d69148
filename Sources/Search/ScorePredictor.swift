/// A cheap stand-in for an objective that is measured: learnt from measured genomes, asked about others by the batch.
struct ScorePredictor: Sendable {
    /// What was learnt, ready for genomes outside the table.
    private enum Form: Sendable {
        /// A value per place of the code.
        case linear([Double])
        case gaussian(GaussianSum)
    }

    /// How it was chosen and how good it is.
    let report: PredictorReport
    private let code: OneHotCode
    private let form: Form
    private let bias: Double
    /// Of the values learnt from: predictions are in the objective's unit.
    private let scale: (mean: Double, deviation: Double)

    /// - Parameters:
    ///   - genes: The genomes that `machine` learnt from, one after another.
    ///   - scale: What turned their values into `machine`'s labels.
    init(
        _ machine: KernelMachine, _ kernel: Kernel, genes: [UInt8], code: OneHotCode,
        scale: (mean: Double, deviation: Double), report: PredictorReport
    ) {
        self.code = code
        self.scale = scale
        self.report = report
        bias = machine.bias
        switch kernel {
        case .linear:
            var values = [Double](repeating: 0, count: code.width)
            for (sample, weight) in machine.weights.enumerated() {
                code.forEachOne(genes, at: sample * code.geneCount) { values[$0] += weight }
            }
            form = .linear(values)
        case .gaussian(let rate):
            form = .gaussian(GaussianSum(machine.weights, rate: rate, genes: genes, code: code))
        }
    }

    /// The predicted value of each genome of `genes`.
    func values(_ genes: [UInt8]) -> [Double] {
        let starts = stride(from: 0, to: genes.count, by: code.geneCount)
        let standard: [Double]
        switch form {
        case .linear(let values):
            standard = starts.map { start in
                var sum = bias
                code.forEachOne(genes, at: start) { sum += values[$0] }
                return sum
            }
        case .gaussian(let sum): standard = sum.values(genes, code: code).map { $0 + bias }
        }
        return standard.map { scale.mean + scale.deviation * $0 }
    }
}
