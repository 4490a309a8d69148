internal import Corpus
internal import Torch
internal import Training
internal import Transformer

/// `pretrain`: writes `model/`, `mixture.json`, `metrics.jsonl` and `tb/`.
extension PretrainSpec: TrainingStageSpec {
    public static let revision = 2

    /// - Throws: As `StageSpec.run(on:into:)`.
    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        let rows = try TrainingBench(bench, training, start: start, data: data, folder: output.path)
        let (model, description) = try bench.model(of: start, computeDType: training.precision.dtype)
        let size = model.architecture.parameterCount
        let references = try rows.references(start: start, model: model, parameters: size)
        let length = rows.corpus.sequenceLength
        let folder = output.path
        func trained<O: Objective>(_ objective: O, operationsPerToken: Double) throws(PipelineError) -> StageResult {
            let trainer = try rows.train(model, objective, references: references)
            guard bench.speaks else { return StageResult() }
            try bench.write(model, tokenizer: description.tokenizer, special: description.special, into: folder)
            return try rows.result(
                of: trainer, losses: try rows.losses(after: trainer),
                operations: Double(trainer.tokens) * operationsPerToken,
                read: try rows.read(of: trainer, start: start, source: model.architecture),
                facts: ["parameters": .integer(size)])
        }
        let operations = CostModel(model.architecture).trainingFLOPsPerToken(sequenceLength: length)
        guard let distill else { return try trained(NextTokenObjective(model), operationsPerToken: operations) }
        let teacher = try distill.model(bench, data: data, rows: rows, precision: training.precision.dtype)
        let objective = try withTraining { () throws(TrainingError) in
            try DistillationObjective(model, teacher: teacher, settings: distill.settings)
        }
        return try trained(
            objective,
            operationsPerToken: operations
                + CostModel(teacher.architecture).forwardFLOPsPerToken(sequenceLength: length))
    }
}
