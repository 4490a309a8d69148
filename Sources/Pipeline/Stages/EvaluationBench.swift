internal import Corpus
internal import Evaluation
internal import Statistics
internal import Torch
internal import Training
internal import Transformer

/// Measures the models of one `evaluate` stage, all alike.
struct EvaluationBench {
    let spec: EvaluateSpec
    let bench: Workbench
    /// Tokens and operations of all forward passes that scores need.
    private(set) var tokens = 0
    private(set) var operations = 0.0
    private let corpus: PackedCorpus
    private let packed: Artifact
    private let validation: DomainLoss
    /// The tasks as encoded by each tokenizer, by its fingerprint and the positions of the model.
    private var encoded: [String: [MultipleChoice]] = [:]

    /// - Throws: `.mismatch` when the corpus has no held-out rows where `spec` looks.
    init(
        _ spec: EvaluateSpec, _ bench: Workbench, _ corpus: PackedCorpus, _ packed: Artifact
    ) throws(PipelineError) {
        validation = try bench.heldOutLoss(on: spec.rows, of: corpus, packed)
        self.spec = spec
        self.bench = bench
        self.corpus = corpus
        self.packed = packed
    }

    mutating func measure(_ id: StageID) throws(PipelineError) -> EvaluationColumn {
        let artifact = bench.artifact(id)
        try artifact.requireVocabulary(of: corpus, packed)
        let before = Engine.tensorBytes
        let (model, description) = try bench.model(of: id, computeDType: spec.precision.dtype, isFrozen: true)
        let shape = model.architecture
        var measurement = Measurements.Model(
            stage: id.name, fingerprint: "\(artifact.record.fingerprint)", parameters: shape.parameterCount)
        let size = ModelSize(shape)
        measurement.sizes = WeightSizes(
            halfPrecisionBytes: size.bytes(.float16), int8Bytes: size.quantizedBytes(.int8),
            storedBytes: description.quantization.map { size.quantizedBytes($0) } ?? size.bytes(spec.precision.dtype))
        measurement.keyValueBytesPerToken = CostModel(shape).keyValueBytesPerToken(spec.precision.dtype)

        let domains = try withEvaluation { () throws(EvaluationError) in
            try validation.measureRows(model, over: bench.group)
        }
        measurement.domains = domains
        let scores = domains.map { DomainScore($0) }
        count(scores.reduce(0) { $0 + $1.rows } * corpus.sequenceLength, shape, length: corpus.sequenceLength)
        bench.post(.evaluated(id: bench.id, model: id, scores: scores))

        let tasks = try ask(model, artifact)
        if !tasks.isEmpty { measurement.tasks = tasks.map(\.measurement) }
        if let settings = spec.throughput, bench.speaks {
            // The others rest: rank 0 has the processors of the machine for itself.
            try PipelineRun.setThreads(bench.runtime.threads, sharedBy: nil)
            Engine.forgetPeak()
            measurement.throughput = try withEvaluation { () throws(EvaluationError) in
                try Throughput.measure(model, settings)
            }
            measurement.throughput?.precision = spec.precision.rawValue
            measurement.throughput?.device = bench.runtime.device
            if bench.device == .cpu { measurement.peakMemoryBytes = Engine.peakTensorBytes - before }
        }
        if spec.throughput != nil {
            try PipelineRun.setThreads(bench.runtime.threads, sharedBy: bench.group)
            try bench.waitForFirst()
        }
        return EvaluationColumn(measurement: measurement, scores: scores, tasks: tasks)
    }

    private mutating func ask(_ model: LanguageModel, _ artifact: Artifact) throws(PipelineError) -> [TaskScore] {
        var found: [TaskScore] = []
        for task in try tasks(for: model, artifact) {
            try bench.endIfAnyStopped(at: found.count)
            let score = try withEvaluation { () throws(EvaluationError) in try task.measure(model, over: bench.group) }
            tokens += task.tokenCount
            operations += task.forwardOperations(model.architecture)
            bench.note("\(artifact.record.id): \(score.sentence)")
            found.append(score)
        }
        return found
    }

    /// The tasks in the tokens of a model.
    private mutating func tasks(
        for model: LanguageModel, _ artifact: Artifact
    ) throws(PipelineError) -> [MultipleChoice] {
        guard !spec.tasks.isEmpty else { return [] }
        let tokenizer = try artifact.taskTokenizer()
        let positions = model.architecture.maximumPositions
        let key = "\(tokenizer.fingerprint) \(positions)"
        if let known = encoded[key] { return known }
        let made = try questions(
            of: spec.tasks, split: spec.split, limit: spec.taskLimit, in: tokenizer, positions: positions)
        encoded[key] = made
        return made
    }

    private mutating func count(_ count: Int, _ architecture: Architecture, length: Int) {
        tokens += count
        operations += Double(count) * CostModel(architecture).forwardFLOPsPerToken(sequenceLength: length)
    }
}
