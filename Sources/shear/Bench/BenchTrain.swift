internal import ArgumentParser
internal import Corpus
internal import Evaluation
internal import FoundationEssentials
internal import Glibc
internal import Pipeline
internal import Shearing
internal import Training
internal import Transformer

/// `shear bench train`: optimizer steps of the trainer that stages use, plain or with learned masks.
struct BenchTrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Takes training steps: plain ones, or pruning ones where a target is stated.")

    @OptionGroup var chosen: ChosenModel
    @Option(help: "A packed corpus.")
    var corpus: String
    @Option(help: "Rows of a step.")
    var rows = 4
    @Option(help: "Steps of a slice.")
    var sliceSteps = 1
    @Option(help: "Steps of the run; give more than the slices will take.")
    var steps = 1_000
    @Option(help: "The rate, the same at each step.")
    var rate = 2e-5
    @Option(help: "Decides the rows and the masks' draws.")
    var seed: UInt64 = 17
    @Option(
        parsing: .upToNextOption,
        help:
            "Learn masks of all four families towards: layers, hidden size, heads, key-value heads, intermediate size.")
    var target: [Int] = []
    @Option(help: "Where to write the tokens of all steps first, as Int32; rows must have no padding and no borders.")
    var writeRows: String?
    @OptionGroup var threads: BenchThreads

    func validate() throws {
        guard target.isEmpty || target.count == 5 else { throw ValidationError("--target takes five sizes") }
        guard sliceSteps > 0 else { throw ValidationError("--slice-steps is \(sliceSteps); it must be at least 1") }
    }

    private struct Facts: Encodable {
        var parameters: Int
        var tokensPerStep: Int
        var operationsPerStep: Double
        var estimatedBytes: Int
        var residentBytes: Int
    }

    private struct Slice: Encodable {
        var seconds = 0.0
        var losses: [Double] = []
        var dataWaitSeconds = 0.0
        var stepSeconds = 0.0
        var peakResidentBytes = 0
    }

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            try threads.apply()
            let loader = try withCorpus { () throws(CorpusError) in
                let packed = try PackedCorpus(at: corpus)
                return try MixtureLoader(
                    corpus: packed, weights: packed.trainingRowCounts.map { $0 > 0 ? 1 : 0 }, batchRows: rows,
                    seed: seed, exhausted: .repeat)
            }
            if let writeRows { try Bench.write(try tokens(of: loader), to: writeRows) }
            let model = try chosen.load(isFrozen: false).model
            if target.isEmpty {
                try measure(model, NextTokenObjective(model), loader)
            } else {
                let shape = TargetArchitecture(
                    layers: target[0], hiddenSize: target[1], heads: target[2], keyValueHeads: target[3],
                    intermediateSize: target[4])
                let objective = try withShearing { () throws(ShearingError) in
                    try MaskObjective(model, settings: PruningSettings(target: shape, rampSteps: 640), seed: seed)
                }
                try measure(model, objective, loader)
            }
        }
    }

    /// The tokens of all steps in order, `[steps, rows, columns]`.
    private func tokens(of loader: MixtureLoader) throws(PipelineError) -> [Int32] {
        var all: [Int32] = []
        for step in 0..<steps {
            let batch = try withCorpus { () throws(CorpusError) in try loader.rows(step: step) }
            for row in 0..<batch.rows {
                let places = row * batch.columns..<(row + 1) * batch.columns
                guard batch.targets[places].dropLast().elementsEqual(batch.tokens[places].dropFirst()) else {
                    throw .mismatch(
                        "row \(row) of step \(step) has padding or borders, which the file cannot say",
                        remedy: "pack the corpus with shearing-v1")
                }
            }
            all.append(contentsOf: batch.tokens)
        }
        return all
    }

    private func measure<O: Objective>(
        _ model: LanguageModel, _ objective: O, _ loader: MixtureLoader
    ) throws(PipelineError) {
        let folder = Bench.scratch
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let settings = TrainingSettings(
            steps: steps, batchRows: rows, peakRate: rate,
            schedule: LearningRate(warmupSteps: 0, decay: .constant, finalFraction: 1))
        let columns = loader.corpus.sequenceLength
        let cost = CostModel(model.architecture)
        try withTraining { () throws(TrainingError) in
            let trainer = try Trainer(
                model: model, objective: objective, loader: loader, validation: nil, settings: settings,
                folder: folder, stage: "bench", warn: { Rendering.say($0) })
            Turns.say(
                Facts(
                    parameters: model.architecture.parameterCount, tokensPerStep: rows * columns,
                    operationsPerStep: Double(rows * columns) * cost.trainingFLOPsPerToken(sequenceLength: columns),
                    estimatedBytes: cost.trainingMemory(
                        rows: rows, sequenceLength: columns, computeDType: model.computeDType, masked: !target.isEmpty
                    ).totalBytes, residentBytes: MemoryUse.residentBytes))
            guard Turns.isAsked() else { return }
            MemoryUse.startPeak()
            var slice = Slice()
            var start = ContinuousClock.now
            try trainer.run { (metrics) throws(TrainingError) in
                slice.losses.append(metrics.loss)
                slice.dataWaitSeconds += metrics.dataWaitSeconds ?? 0
                slice.stepSeconds += metrics.seconds
                guard slice.losses.count == sliceSteps else { return }
                slice.seconds = start.elapsedSeconds
                slice.peakResidentBytes = MemoryUse.peakResidentBytes
                Turns.say(slice)
                guard Turns.isAsked() else {
                    // Ends here, so that no checkpoint is written of weights that nobody wants.
                    try? FileManager.default.removeItem(atPath: folder)
                    Glibc.exit(0)
                }
                slice = Slice()
                start = .now
            }
        }
    }
}
