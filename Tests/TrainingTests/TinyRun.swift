import Corpus
import Evaluation
import Fixtures
import Torch
import Transformer

@testable import Training

/// A small run on `TinyCorpus`, made anew from its settings as after a restart of the process.
struct TinyRun {
    var settings = TrainingSettings(
        steps: 12, batchRows: 6, peakRate: 3e-3, schedule: LearningRate(warmupSteps: 2), evaluateEvery: 3,
        mixture: MixturePolicy(gap: .signed, floor: 0.05, cap: 0.8), checkpointEvery: 4)
    var computeDType = DType.float32
    var seed: UInt64 = 3
    let corpus: PackedCorpus
    let folder: TemporaryDirectory
    let stop = StopFlag()

    init(separateDocuments: Bool = false, validationRows: [Int] = [6, 6, 6]) throws {
        folder = try TemporaryDirectory()
        let packed = try TemporaryDirectory()
        corpus = try TinyCorpus.make(
            in: packed.path, validationRows: validationRows, separateDocuments: separateDocuments)
        held = packed
    }

    private let held: TemporaryDirectory

    func model() throws -> LanguageModel {
        let shape = BlockShape(queryHeads: 2, keyValueHeads: 1, intermediateSize: 24)
        let architecture = Architecture(
            vocabularySize: TinyCorpus.vocabularySize, hiddenSize: 16, headSize: 8, blocks: [shape, shape],
            tiedEmbeddings: true, maximumPositions: 64)
        return try LanguageModel(architecture, initializedWith: seed, computeDType: computeDType)
    }

    /// A trainer in `name` of the run's folder.
    func trainer<O: Objective>(
        in name: String, group: ProcessGroup? = nil, stop: StopFlag? = nil,
        warn: @escaping (String) -> Void = { _ in }, _ objective: (LanguageModel) throws -> O
    ) throws -> Trainer<O> {
        let model = try model()
        let loader = try MixtureLoader(
            corpus: corpus, weights: [0.5, 0.2, 0.3], batchRows: settings.batchRows, seed: 11, exhausted: .repeat)
        return try Trainer(
            model: model, objective: try objective(model), loader: loader,
            validation: DomainLoss(corpus: corpus, batchRows: 4),
            reference: ["wiki": 2.5, "code": 0.8, "book": 3], settings: settings, folder: folder.path(name),
            stage: "tiny", stop: stop ?? self.stop, group: group, warn: warn)
    }

    func trainer(in name: String, warn: @escaping (String) -> Void = { _ in }) throws -> Trainer<NextTokenObjective> {
        try trainer(in: name, warn: warn) { NextTokenObjective($0) }
    }
}

/// All weights, bit for bit.
func bits(_ model: LanguageModel) throws -> [[UInt32]] {
    try model.parameters.map { try $0.master.floats().map(\.bitPattern) }
}

/// The largest difference between two models' weights.
func distance(_ one: LanguageModel, _ other: LanguageModel) throws -> Double {
    try zip(one.parameters, other.parameters).reduce(0) { worst, pair in
        max(worst, try (pair.0.master.detached() - pair.1.master.detached()).abs().maximum().item())
    }
}
