internal import Evaluation
internal import Training
internal import Transformer

// How a stage that has trained ends.
extension TrainingBench {
    /// The domain losses of a trained model: the trainer's own where it has evaluated, else measured now.
    func losses<O: Objective>(after trainer: Trainer<O>) throws(PipelineError) -> [DomainScore] {
        if let scores = trainer.evaluation { return scores }
        return try measure(trainer.model)
    }

    /// What the stage leaves beside its files. Its checkpoints go: only an unfinished attempt needs them.
    /// - Parameters:
    ///   - losses: of the model that the stage has written.
    ///   - operations: floating-point operations of the whole stage.
    ///   - facts: the stage's own.
    /// - Throws: `.file` when the checkpoints cannot be removed.
    func result<O: Objective>(
        of trainer: Trainer<O>, losses: [DomainScore], operations: Double, facts: [String: RecordValue]
    ) throws(PipelineError) -> StageResult {
        var all = lossFacts(losses)
        all["steps"] = .integer(trainer.step)
        all["mixture"] = RecordValue(trainer.weightsByDomain)
        all.merge(facts) { _, own in own }
        try Folder.remove(folder + "/checkpoints")
        return StageResult(tokens: trainer.tokens, floatingPointOperations: operations, facts: .object(all))
    }
}
