internal import Corpus
internal import Evaluation
internal import Torch
internal import Training
internal import Transformer

/// `pretrain`: writes `model/`, `mixture.json`, `metrics.jsonl` and `tb/`.
extension PretrainSpec: StageSpec {
    public static let revision = 1

    public var needs: [StageNeed] {
        [StageNeed(key: "start", stage: start, kind: .model), StageNeed(key: "data", stage: data, kind: .corpus)]
            + training.mixture.needs + (distill.map { [$0.need] } ?? [])
    }

    public var steps: Int? { training.steps }
    public var seed: UInt64? { training.seed }
    public var usesSeed: Bool { true }

    public func problems() -> [(keyPath: String, reason: String)] { training.problems }

    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        try Folder.remove(output.file("model"))
        let rows = try TrainingBench(bench, training, start: start, data: data, folder: output.path)
        let (model, description) = try withTransformer { () throws(TransformerError) in
            try ModelFolder.load(
                bench.artifact(start).file("model"), computeDType: training.precision.dtype, on: bench.device)
        }
        let size = model.architecture.parameterCount
        let references = try rows.references(start: start, model: model, parameters: size)
        let length = rows.corpus.sequenceLength
        var operations = CostModel(model.architecture).trainingFLOPsPerToken(sequenceLength: length)
        let end: End
        if let distill {
            let teacher = try distill.model(bench, data: data, rows: rows, precision: training.precision.dtype)
            operations += CostModel(teacher.architecture).forwardFLOPsPerToken(sequenceLength: length)
            let objective = try withTraining { () throws(TrainingError) in
                try DistillationObjective(model, teacher: teacher, settings: distill.settings)
            }
            end = End(try rows.train(model, objective, references: references))
        } else {
            end = End(try rows.train(model, NextTokenObjective(model), references: references))
        }
        try withTransformer { () throws(TransformerError) in
            try ModelFolder.write(
                model, to: output.file("model"), dtype: .float32, tokenizer: description.tokenizer,
                special: description.special, lineage: bench.lineageMetadata,
                card: ModelCard(title: "\(bench.pipeline): \(bench.id)"), form: .perBlock)
        }
        let scores: [DomainScore]
        if let measured = end.evaluation { scores = measured } else { scores = try rows.measure(model) }
        var facts = lossFacts(scores)
        facts["parameters"] = .integer(size)
        facts["steps"] = .integer(end.step)
        facts["mixture"] = RecordValue(end.mixture)
        try Folder.remove(output.file("checkpoints"))
        return StageResult(
            tokens: end.tokens, floatingPointOperations: Double(end.tokens) * operations, facts: .object(facts))
    }

    /// What a trainer of any objective ends with.
    private struct End {
        let step: Int
        let tokens: Int
        let mixture: [String: Double]
        let evaluation: [DomainScore]?

        init<O: Objective>(_ trainer: Trainer<O>) {
            step = trainer.step
            tokens = trainer.tokens
            mixture = trainer.weightsByDomain
            evaluation = trainer.evaluation
        }
    }
}
