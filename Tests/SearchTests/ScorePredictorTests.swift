import Corpus
import Glibc
import Testing

@testable import Search

@Suite struct ScorePredictorTests {
    /// `count` different random genomes of the synthetic space, one after another, and their losses.
    private func samples(_ count: Int, name: String) throws -> (genes: [UInt8], values: [Double]) {
        var stream = RandomStream(seed: 1, name: name)
        let genomes = try SyntheticSearch.space().randomGenomes(count, unless: [], using: &stream)
        return (genomes.flatMap(\.genes), genomes.map { SyntheticSearch.loss($0) })
    }

    @Test func theChosenPredictorOrdersUnseenGenomes() throws {
        let code = OneHotCode(space: try SyntheticSearch.space())
        let correlations = try (0..<10).map { draw in
            let (genes, values) = try samples(200, name: "measured/\(draw)")
            let unseen = try samples(500, name: "unseen/\(draw)")
            let predictor = PredictorChoice.best(
                objective: "loss", genes: genes, values: values, code: code,
                using: RandomStream(seed: UInt64(draw), name: "folds"))
            let correlation = RankCorrelation.kendall(predictor.values(unseen.genes), unseen.values)
            #expect(abs(predictor.report.rankCorrelation - correlation) < 0.05, "cross-validation tells the truth")
            return correlation
        }
        #expect(correlations.reduce(0, +) / 10 >= 0.90, "\(correlations)")
    }

    @Test func predictionsAreInTheUnitOfTheValues() throws {
        let code = OneHotCode(space: try SyntheticSearch.space())
        let (genes, values) = try samples(150, name: "unit")
        let predictor = PredictorChoice.best(
            objective: "loss", genes: genes, values: values.map { 1e-3 * $0 - 40 }, code: code,
            using: RandomStream(seed: 0, name: "folds"))
        let errors = zip(predictor.values(genes), values).map { abs($0 - (1e-3 * $1 - 40)) }
        #expect(errors.reduce(0, +) / 150 < 1e-3)
    }

    /// Equal values are predicted as such, and order nothing.
    @Test func aConstantObjectiveIsPredicted() throws {
        let code = OneHotCode(space: try SyntheticSearch.space())
        let genes = try samples(20, name: "constant").genes
        let predictor = PredictorChoice.best(
            objective: "loss", genes: genes, values: [Double](repeating: 4.5, count: 20), code: code,
            using: RandomStream(seed: 0, name: "folds"))
        #expect(predictor.values(genes).allSatisfy { abs($0 - 4.5) < 1e-9 })
        #expect(predictor.report.rankCorrelation == 0)
    }

    /// Both forms of a trained predictor give what the kernel sum gives, and genes without effect change nothing.
    @Test(arguments: [Kernel.linear, .gaussian(rate: 0.02)])
    func aPredictorIsItsKernelSum(kernel: Kernel) throws {
        let space = try SyntheticSearch.space()
        let code = OneHotCode(space: space)
        let (genes, values) = try samples(40, name: "kernel")
        let table = AgreementTable(genes, code: code)
        let matrix = table.matrix(kernel)
        let samples = Array(0..<25)
        let labels = Array(values[..<25])
        let machine =
            kernel == .linear
            ? KernelMachine.ridge(matrix, 40, samples: samples, labels: labels, penalty: 0.5)
            : KernelMachine.supportVectors(matrix, 40, samples: samples, labels: labels, cost: 10)
        let report = PredictorReport(objective: "", model: "", rankCorrelation: 0, sampleCount: 25)
        let predictor = ScorePredictor(
            machine, kernel, genes: Array(genes[..<(25 * 33)]), code: code, scale: (0, 1), report: report)
        let predicted = predictor.values(genes)
        for genome in 0..<40 {
            #expect(abs(predicted[genome] - machine.value(of: genome, matrix, 40, samples)) < 1e-9)
        }
        var noisy = Array(genes[..<33])
        noisy[0] = 0
        let clean = space.canonical(Genome(noisy)).genes
        noisy.replaceSubrange(25..., with: [UInt8](repeating: 1, count: 8))
        #expect(predictor.values(noisy) == predictor.values(clean))
    }

    /// Ridge regression on the code itself, by its normal equations.
    @Test func theDualFormOfRidgeIsThePrimalOne() throws {
        let code = OneHotCode(space: try SearchSpace(optionCounts: [2, 3, 2], inactiveGenes: [[2], []]))
        let genes: [UInt8] = [0, 0, 0, 0, 2, 0, 1, 1, 1, 1, 0, 1, 1, 2, 0, 0, 1, 0]
        let labels = [1.0, 2.5, -1, 0.5, 3, 7]
        let penalty = 0.7
        var rows = [[Double]](repeating: [Double](repeating: 0, count: code.width), count: 6)
        for sample in 0..<6 { code.forEachOne(genes, at: 3 * sample) { rows[sample][$0] = 1 } }
        let means = (0..<code.width).map { place in rows.reduce(0) { $0 + $1[place] } / 6 }
        let centred = rows.map { row in zip(row, means).map { $0 - $1 } }
        let mean = labels.reduce(0, +) / 6
        let matrix = (0..<(code.width * code.width)).map { index in
            let (one, other) = (index / code.width, index % code.width)
            return centred.reduce(one == other ? penalty : 0) { $0 + $1[one] * $1[other] }
        }
        let right = (0..<code.width).map { place in
            zip(centred, labels).reduce(0) { $0 + $1.0[place] * ($1.1 - mean) }
        }
        let weights = try #require(Cholesky.solve(matrix, right))
        let kernel = AgreementTable(genes, code: code).matrix(.linear)
        let machine = KernelMachine.ridge(kernel, 6, samples: Array(0..<6), labels: labels, penalty: penalty)
        for sample in 0..<6 {
            let primal = mean + zip(centred[sample], weights).reduce(0) { $0 + $1.0 * $1.1 }
            #expect(abs(machine.value(of: sample, kernel, 6, Array(0..<6)) - primal) < 1e-9)
        }
    }

    /// Without a tolerance and at a high price, support vectors pass through what they learnt from.
    @Test func supportVectorsInterpolate() throws {
        let (genes, values) = try samples(30, name: "interpolate")
        let matrix = AgreementTable(genes, code: OneHotCode(space: try SyntheticSearch.space()))
            .matrix(.gaussian(rate: 0.1))
        let machine = KernelMachine.supportVectors(matrix, 30, samples: Array(0..<30), labels: values, cost: 1e4)
        for (genome, value) in values.enumerated() {
            #expect(abs(machine.value(of: genome, matrix, 30, Array(0..<30)) - value) < 0.01)
        }
    }
}
