internal import Corpus

/// The predictors that are tried for an objective, and the choice among them by five-fold cross-validation.
enum PredictorChoice {
    private enum Candidate {
        case ridge(penalty: Double)
        /// `width` scales the Gaussian: 1 is a rate of one half over the number of genes.
        case supportVectors(width: Double, cost: Double)

        var name: String {
            switch self {
            case .ridge(let penalty): "ridge, penalty \(penalty)"
            case .supportVectors(let width, let cost): "svr, rate \(width)/2 per gene, cost \(cost)"
            }
        }

        func kernel(geneCount: Int) -> Kernel {
            switch self {
            case .ridge: .linear
            case .supportVectors(let width, _): .gaussian(rate: width / (2 * Double(geneCount)))
            }
        }

        func trained(_ matrix: [Double], _ count: Int, samples: [Int], labels: [Double]) -> KernelMachine {
            switch self {
            case .ridge(let penalty):
                .ridge(matrix, count, samples: samples, labels: labels, penalty: penalty)
            case .supportVectors(_, let cost):
                .supportVectors(matrix, count, samples: samples, labels: labels, cost: cost)
            }
        }
    }

    private static let foldCount = 5
    /// The fewest genomes to learn from.
    static let leastSamples = 2 * foldCount

    private static let candidates: [Candidate] =
        [0.1, 0.3, 1, 3, 10].map { .ridge(penalty: $0) }
        + [0.1, 0.3, 1].flatMap { width in [1, 10, 100].map { .supportVectors(width: width, cost: $0) } }

    /// The candidate whose predictions of left-out genomes are best ordered, learnt from all of them; of equals the first.
    /// - Parameters:
    ///   - genes: Measured genomes, one after another; at least `leastSamples`.
    ///   - values: What was measured, finite.
    ///   - stream: Deals the genomes to folds.
    static func best(
        objective: String, genes: [UInt8], values: [Double], code: OneHotCode, using stream: RandomStream
    ) -> ScorePredictor {
        var stream = stream
        let count = values.count
        let mean = values.reduce(0, +) / Double(count)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
        let scale = (mean: mean, deviation: variance > 0 ? variance.squareRoot() : 1)
        let labels = values.map { ($0 - scale.mean) / scale.deviation }
        let table = AgreementTable(genes, code: code)
        let order = stream.order(of: count)
        let folds = (0..<foldCount).map { fold in
            (
                kept: order.indices.filter { $0 % foldCount != fold }.map { order[$0] },
                left: order.indices.filter { $0 % foldCount == fold }.map { order[$0] }
            )
        }
        var best: (candidate: Candidate, kernel: Kernel, matrix: [Double], tau: Double)?
        var matrix: (kernel: Kernel, values: [Double])?
        for candidate in candidates {
            let kernel = candidate.kernel(geneCount: code.geneCount)
            let values = matrix.flatMap { $0.kernel == kernel ? $0.values : nil } ?? table.matrix(kernel)
            matrix = (kernel, values)
            var predictions = [Double](repeating: 0, count: count)
            for fold in folds {
                let machine = candidate.trained(
                    values, count, samples: fold.kept, labels: fold.kept.map { labels[$0] })
                for genome in fold.left { predictions[genome] = machine.value(of: genome, values, count, fold.kept) }
            }
            let tau = RankCorrelation.kendall(predictions, labels)
            if tau > best?.tau ?? -.infinity { best = (candidate, kernel, values, tau) }
        }
        guard let best else { preconditionFailure("there are candidates") }
        return ScorePredictor(
            best.candidate.trained(best.matrix, count, samples: Array(0..<count), labels: labels), best.kernel,
            genes: genes, code: code, scale: scale,
            report: PredictorReport(
                objective: objective, model: best.candidate.name, rankCorrelation: best.tau, sampleCount: count))
    }
}
