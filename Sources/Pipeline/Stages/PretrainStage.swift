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
            + training.mixture.needs
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
        let trainer = try rows.train(model, NextTokenObjective(model), references: references)
        try withTransformer { () throws(TransformerError) in
            try ModelFolder.write(
                model, to: output.file("model"), dtype: .float32, tokenizer: description.tokenizer,
                special: description.special, lineage: bench.lineageMetadata,
                card: ModelCard(title: "\(bench.pipeline): \(bench.id)"), form: .perBlock)
        }
        let scores: [DomainScore]
        if let measured = trainer.evaluation { scores = measured } else { scores = try rows.measure(model) }
        var facts = lossFacts(scores)
        facts["parameters"] = .integer(size)
        facts["steps"] = .integer(trainer.step)
        facts["mixture"] = RecordValue(trainer.weightsByDomain)
        try Folder.remove(output.file("checkpoints"))
        let length = rows.corpus.sequenceLength
        return StageResult(
            tokens: trainer.tokens,
            floatingPointOperations: Double(trainer.tokens)
                * CostModel(model.architecture).trainingFLOPsPerToken(sequenceLength: length),
            facts: .object(facts))
    }
}
