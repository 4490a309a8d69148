internal import Corpus
internal import Evaluation
internal import Torch
internal import Training
internal import Transformer

/// `evaluate`: writes `scores.json`, the domain losses of each model on the same validation rows.
extension EvaluateSpec: StageSpec {
    public static let revision = 1

    public var needs: [StageNeed] {
        models.enumerated().map { StageNeed(key: "models[\($0.offset)]", stage: $0.element, kind: .model) }
            + [StageNeed(key: "data", stage: data, kind: .corpus)]
    }

    public func problems() -> [(keyPath: String, reason: String)] {
        var found: [(keyPath: String, reason: String)] = []
        if models.isEmpty { found.append(("models", "is empty; name at least one stage")) }
        if Set(models).count != models.count { found.append(("models", "names a stage twice")) }
        return found
    }

    public var heldOut: HeldOutUse? {
        HeldOutUse(purpose: .report, corpora: [.init(data: data, rows: rows, key: "rows")])
    }

    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        outlook.sequenceLength = context[data]?.sequenceLength
        guard let length = outlook.sequenceLength else { return outlook }
        let memory = models.compactMap { context[$0]?.architecture }.map { architecture in
            CostModel(architecture).inferenceMemory(
                rows: context.runtime.microBatch ?? EvaluateSpec.standardRows, sequenceLength: length,
                weightDType: .float32
            ).totalBytes
        }
        outlook.memoryBytes = memory.max()
        let domains = context.artifacts[data]?.record.facts["validation_rows"]
        guard case .object(let counts)? = domains else { return outlook }
        let perModel =
            counts.values.reduce(0) { sum, count in
                sum + rows.taken(of: Int(count.double ?? 0))
            } * length
        outlook.tokens = perModel * models.count
        outlook.floatingPointOperations = models.compactMap { context[$0]?.architecture }.reduce(0.0) {
            $0 + Double(perModel) * CostModel($1).forwardFLOPsPerToken(sequenceLength: length)
        }
        return outlook
    }

    private static let standardRows = 4

    /// One column of the table.
    private struct Column: Encodable {
        var stage: StageID
        var fingerprint: Fingerprint
        var parameters: Int
        var scores: [DomainScore]
        var mean_loss: Double?
    }

    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        let packed = bench.artifact(data)
        let corpus = try withCorpus { () throws(CorpusError) in try PackedCorpus(at: packed.file("corpus")) }
        let validation = DomainLoss(
            corpus: corpus, firstRow: rows.from, rowsPerDomain: rows.count,
            batchRows: bench.runtime.microBatch ?? EvaluateSpec.standardRows)
        var columns: [Column] = []
        var tokens = 0
        var operations = 0.0
        for id in models {
            if bench.stop.isRaised { throw .interrupted(signal: bench.stop.signal ?? 2, step: columns.count) }
            let artifact = bench.artifact(id)
            try TrainingBench.requireTokenizer(of: artifact, toFit: corpus, packed)
            let model = try withTransformer { () throws(TransformerError) in
                try ModelFolder.load(artifact.file("model"), computeDType: precision.dtype, on: bench.device).model
            }
            let scores: [DomainScore]
            do throws(EvaluationError) { scores = try validation.measure(model) } catch { throw .evaluation(error) }
            let counted = scores.reduce(0) { $0 + $1.rows } * corpus.sequenceLength
            tokens += counted
            operations +=
                Double(counted)
                * CostModel(model.architecture).forwardFLOPsPerToken(sequenceLength: corpus.sequenceLength)
            columns.append(
                Column(
                    stage: id, fingerprint: artifact.record.fingerprint, parameters: model.architecture.parameterCount,
                    scores: scores, mean_loss: scores.meanLoss))
            bench.post(.evaluated(id: bench.id, model: id, scores: scores))
        }
        try output.write(columns, to: "scores.json")
        return StageResult(
            tokens: tokens, floatingPointOperations: operations,
            facts: .object([
                "domains": .array(corpus.domains.map { .string($0) }),
                "models": .array(columns.map { facts($0, first: columns[0]) }),
            ]))
    }

    /// A column as the closing table reads it; the spread is over the domains' distances from the first model.
    private func facts(_ column: Column, first: Column) -> RecordValue {
        var facts = lossFacts(column.scores)
        facts["stage"] = .string(column.stage.name)
        facts["parameters"] = .integer(column.parameters)
        let distances = zip(column.scores, first.scores).compactMap { own, other in
            own.lossNats.flatMap { loss in other.lossNats.map { loss - $0 } }
        }
        if let high = distances.max(), let low = distances.min() { facts["spread"] = .number(high - low) }
        return .object(facts)
    }
}
