import Corpus
import Evaluation
import Fixtures
import Testing
import Torch
import Training
import Transformer

@testable import Shearing

/// Pruning under the real trainer: micro-batches, mixture, evaluation, checkpoints.
@Suite struct PrunedTrainingTests {
    private let packed: TemporaryDirectory
    private let folder: TemporaryDirectory
    private let corpus: PackedCorpus
    private static let target = TargetArchitecture(
        layers: 3, hiddenSize: 16, heads: 2, keyValueHeads: 1, intermediateSize: 32)

    init() throws {
        packed = try TemporaryDirectory()
        folder = try TemporaryDirectory()
        corpus = try TinyCorpus.make(in: packed.path)
    }

    private static func settings(_ constraint: SparsityConstraint) -> PruningSettings {
        var settings = PruningSettings.shortBudget(target: target, rampSteps: 6)
        settings.constraint = constraint
        settings.start = constraint == .lagrangian ? .uniform : .importance
        settings.maskRate = constraint == .projected ? 0.1 : 0.3
        return settings
    }

    private func trainer(
        in name: String, _ pruning: PruningSettings, dtype: DType = .float32, steps: Int = 12,
        group: ProcessGroup? = nil
    ) throws -> Trainer<MaskObjective> {
        try trainer(in: name, dtype: dtype, steps: steps, group: group) {
            try MaskObjective($0, settings: pruning, seed: 7, calibration: $1)
        }
    }

    private func trainer<O: Objective>(
        in name: String, dtype: DType = .float32, steps: Int = 12, group: ProcessGroup? = nil,
        _ objective: (LanguageModel, [TokenBatch]) throws -> O
    ) throws -> Trainer<O> {
        let block = BlockShape(queryHeads: 4, keyValueHeads: 2, intermediateSize: 96)
        let source = Architecture(
            vocabularySize: TinyCorpus.vocabularySize, hiddenSize: 24, headSize: 8,
            blocks: [block, block, block, block], tiedEmbeddings: true, maximumPositions: 64)
        let model = try LanguageModel(source, initializedWith: 3, computeDType: dtype)
        let loader = try MixtureLoader(
            corpus: corpus, weights: [0.5, 0.2, 0.3], batchRows: 6, seed: 11, exhausted: .repeat)
        let calibration = try (0..<2).map { try loader.rows(step: $0) }
        let settings = TrainingSettings(
            steps: steps, batchRows: 6, peakRate: 3e-3, schedule: LearningRate(warmupSteps: 2), evaluateEvery: 3,
            mixture: MixturePolicy(gap: .clipped, floor: 0.05, cap: 0.8), microBatchRows: 2, checkpointEvery: 4)
        return try Trainer(
            model: model, objective: try objective(model, calibration), loader: loader,
            validation: DomainLoss(corpus: corpus, batchRows: 4),
            reference: ["wiki": 2.5, "code": 0.8, "book": 3], settings: settings, folder: folder.path(name),
            stage: "prune", stop: StopFlag(), group: group
        ) { Issue.record("\($0)") }
    }

    /// Weights, log-alphas and multipliers, bit for bit.
    private static func bits(_ trainer: Trainer<some Objective>) throws -> [[UInt32]] {
        try trainer.objective.parameterGroups.flatMap(\.parameters).map { try $0.master.floats().map(\.bitPattern) }
    }

    @Test(arguments: SparsityConstraint.allCases, [DType.float32, .bfloat16])
    func aRunInPiecesEndsWithTheSameBits(_ constraint: SparsityConstraint, _ dtype: DType) throws {
        let settings = Self.settings(constraint)
        let whole = try trainer(in: "whole", settings, dtype: dtype)
        #expect(try whole.run() == .reached)
        for last in [5, 6, 12] { try trainer(in: "pieces", settings, dtype: dtype).run(until: last) }
        let resumed = try trainer(in: "pieces", settings, dtype: dtype)
        #expect(resumed.step == 12)
        #expect(try Self.bits(resumed) == Self.bits(whole))
        #expect(try resumed.objective.convergence() == whole.objective.convergence())
        if constraint == .projected {
            // The last steps have trained a live part alone.
            let masks = try withoutGradients { try whole.objective.masks.drawn(at: 11) }
            let live = try LiveModel(of: whole.model, under: masks)
            #expect(live != nil)
        }
        #expect(resumed.evaluation == whole.evaluation && whole.evaluation?.meanLoss != nil)
    }

    @Test(arguments: SparsityConstraint.allCases) func aRunTowardsASizeInPiecesEndsWithTheSameBits(
        _ constraint: SparsityConstraint
    ) throws {
        var rules = Self.settings(constraint).rules
        rules.rampSteps = 5
        let settings = CoFiSettings(parameters: 14_000, rules: rules)
        func trainer(_ name: String) throws -> Trainer<CoFiObjective> {
            try self.trainer(in: name, dtype: .bfloat16) {
                try CoFiObjective($0, settings: settings, seed: 7, slopes: MaskSlopes.measured($0, on: $1))
            }
        }
        let whole = try trainer("whole")
        #expect(try whole.run() == .reached)
        for last in [5, 12] { try trainer("pieces").run(until: last) }
        let resumed = try trainer("pieces")
        #expect(try resumed.step == 12 && Self.bits(resumed) == Self.bits(whole))
        #expect(try resumed.objective.convergence() == whole.objective.convergence())
        #expect(resumed.evaluation == whole.evaluation && whole.evaluation?.meanLoss != nil)
        let carved = try resumed.model.carved(by: resumed.objective.masks.deterministic(parameters: 14_000).masks)
        #expect((13_720...14_000).contains(carved.architecture.parameterCount))
    }

    /// Weights, log-alphas and multipliers by name, and the losses of the steps.
    private func outcome(
        _ settings: PruningSettings, in name: String, _ group: ProcessGroup? = nil
    ) throws -> (values: [String: [Float]], losses: [Double], regularisers: [Double]) {
        let trainer = try trainer(in: name, settings, group: group)
        var losses: [Double] = []
        var regularisers: [Double] = []
        try trainer.run { (metrics) throws(TrainingError) in
            losses.append(metrics.loss)
            regularisers.append(metrics.regulariser)
        }
        let parameters = trainer.objective.parameterGroups.flatMap(\.parameters)
        return (
            try Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, try $0.master.floats()) }), losses,
            regularisers
        )
    }

    @Test(arguments: SparsityConstraint.allCases) func ranksLearnTheSameMasks(_ constraint: SparsityConstraint) throws {
        let settings = Self.settings(constraint)
        let alone = try outcome(settings, in: "alone")
        #expect(constraint == .projected || alone.regularisers.contains { $0 != 0 })
        let norm = { (values: [Double]) in values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        for count in [2, 4] {
            let shared = try inAllRanks(count) { try outcome(settings, in: "ranks-\(count)", $0) }
            for (rank, found) in shared.enumerated() {
                #expect(found.values == shared[0].values, "rank \(rank) has drifted")
                for (name, values) in alone.values {
                    let other = try #require(found.values[name])
                    let difference = norm(zip(values, other).map { Double($0) - Double($1) })
                    #expect(difference <= 1e-5 * max(norm(values.map(Double.init)), 1e-3), "\(name), \(count) ranks")
                }
                let limit = Tolerance(absolute: 1e-5, relative: 0)
                expectClose(found.losses, alone.losses, limit, "losses of \(count) ranks")
                expectClose(found.regularisers, alone.regularisers, limit, "the constraint counts once")
            }
        }
    }

    @Test func metricsOfAStepShowTheMasks() throws {
        let trainer = try trainer(in: "run", Self.settings(.projected))
        var asked: [Double] = []
        try trainer.run { (metrics) throws(TrainingError) in
            for family in MaskFamily.allCases {
                let name = "mask/\(family.rawValue)"
                let (expected, target) = (metrics.objective["\(name)/expected"], metrics.objective["\(name)/target"])
                #expect(expected != nil && abs((expected ?? 0) - (target ?? 1)) < 1e-5)
                if family == .hidden, let target { asked.append(target) }
            }
            #expect(metrics.rates["masks"] == 0.1)
        }
        #expect(
            asked.count == 12 && abs(asked[2] - 1.0 / 6) < 1e-12 && asked[5...].allSatisfy { abs($0 - 1.0 / 3) < 1e-12 }
        )
    }

    @Test func frozenMasksFinishTheRun() throws {
        var settings = Self.settings(.projected)
        settings.maskRate = 1e-6
        settings.earlyStop = FrozenMasks(steps: 3)
        let trainer = try trainer(in: "run", settings, steps: 40)
        #expect(try trainer.run() == .finished)
        #expect(trainer.step == 9)
        let again = try self.trainer(in: "run", settings, steps: 40)
        #expect(try again.run() == .finished && again.step == 9)
        #expect(try again.model.carved(by: again.objective.masks).architecture.uniform?.layers == 3)
    }
}
