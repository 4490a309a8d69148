internal import Corpus
internal import Evaluation
internal import Torch
internal import Training
internal import Transformer

/// `evaluate`: writes `scores.json`, what each model scored, for readers, and `measurements.json`, the same row by row
/// and question by question, for paired statistics. Ranks share the rows and questions of each model; rank 0 alone measures
/// speed, while the others rest.
extension EvaluateSpec: StageSpec {
    public static let revision = 3
    public static let acceptsQuantized = true
    static let measurementsName = "measurements.json"

    public var needs: [StageNeed] {
        models.enumerated().map { StageNeed(key: "models[\($0.offset)]", stage: $0.element, kind: .model) }
            + [StageNeed(key: "data", stage: data, kind: .corpus)]
    }

    public var outsideInputs: [OutsideInput] {
        tasks.enumerated().map { OutsideInput(key: "tasks[\($0.offset)]", path: $0.element, role: .task) }
    }

    public func problems() -> [KeyProblem] {
        var found: [KeyProblem] = []
        if models.isEmpty { found.append(("models", "is empty; name at least one stage")) }
        if Set(models).count != models.count { found.append(("models", "names a stage twice")) }
        if Set(tasks).count != tasks.count { found.append(("tasks", "names a file twice")) }
        for (index, path) in tasks.enumerated() {
            if let problem = EvaluationTask.problem(withName: path) { found.append(("tasks[\(index)]", problem)) }
        }
        return found
    }

    public var heldOut: HeldOutUse? {
        HeldOutUse(
            purpose: .report, corpora: [.init(data: data, rows: rows, key: "rows")],
            tasks: tasks.map { .init(path: $0, split: split, key: "split") })
    }

    public var isShared: Bool { true }

    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        outlook.measures = models
        outlook.sequenceLength = context[data]?.sequenceLength
        guard let length = outlook.sequenceLength else { return outlook }
        // Of a model that a search is still to choose, the largest that it may choose.
        let shapes = models.compactMap { context[$0]?.architecture ?? context[$0]?.largestChoice }
        let memory = shapes.map { architecture in
            CostModel(architecture).inferenceMemory(
                rows: context.runtime.evaluationRows, sequenceLength: length,
                weightDType: precision.dtype
            ).totalBytes
        }
        outlook.memoryBytes = memory.max()
        let domains = context.artifacts[data]?.record.facts["validation_rows"]
        guard case .object(let counts)? = domains else { return outlook }
        let perModel =
            counts.values.reduce(0) { sum, count in
                sum + rows.taken(of: Int(count.double ?? 0))
            } * length
        outlook.tokens = boundedProduct(perModel, models.count)
        outlook.floatingPointOperations = shapes.reduce(0.0) {
            $0 + Double(perModel) * CostModel($1).forwardFLOPsPerToken(sequenceLength: length)
        }
        return outlook
    }

    /// - Throws: As `StageSpec.run(on:into:)`.
    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        let packed = bench.artifact(data)
        let corpus = try packed.packedCorpus()
        var measuring = try EvaluationBench(self, bench, corpus, packed)
        var columns: [EvaluationColumn] = []
        for id in models {
            try bench.endIfAnyStopped(at: columns.count)
            columns.append(try measuring.measure(id))
        }
        try bench.countAll()
        guard bench.speaks else { return StageResult() }
        try output.write(columns.map(\.summary), to: "scores.json")
        try output.write(Measurements(models: columns.map(\.measurement)), to: EvaluateSpec.measurementsName)
        return StageResult(
            tokens: measuring.tokens, floatingPointOperations: measuring.operations,
            facts: .object([
                "domains": .array(corpus.domains.map { .string($0) }),
                "models": .array(columns.map { $0.facts(first: columns[0]) }),
            ]))
    }
}
