internal import Corpus
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

    /// Tokens of one evaluation.
    private var evaluationTokens: Int {
        let most = validation.rowsPerDomain ?? .max
        return corpus.validationRowCounts.reduce(0) { $0 + min($1, most) } * corpus.sequenceLength
    }

    /// What the trainer's evaluations and the measured references took, whichever attempt ran them.
    /// - Parameters:
    ///   - start: the stage whose model was trained, of the shape `source`.
    ///   - measured: further models that were measured on the same rows.
    /// - Throws: `.transformer` when the shape of the reference model cannot be read.
    func read<O: Objective>(
        of trainer: Trainer<O>, start: StageID, source: Architecture, measured: [Architecture] = []
    ) throws(PipelineError) -> ReadCost {
        var cost = ReadCost()
        // The last step is always followed by one.
        var evaluations = settings.evaluateEvery.map { (trainer.step - 1) / $0 } ?? 0
        evaluations += settings.evaluateFirst ? 2 : 1
        cost.add(evaluations * evaluationTokens, through: source, length: corpus.sequenceLength)
        var models = measured
        if case .measured(let stage)? = spec.mixture.dynamic?.reference {
            let path = bench.artifact(stage).modelPath
            models.append(
                try stage == start
                    ? source : withTransformer { () throws(TransformerError) in try ModelFolder.architecture(path) })
        }
        for model in models { cost.add(evaluationTokens, through: model, length: corpus.sequenceLength) }
        return cost
    }

    /// What the stage leaves beside its files. Its checkpoints go: only an unfinished attempt needs them.
    /// - Parameters:
    ///   - losses: of the model that the stage has written.
    ///   - operations: floating-point operations of its steps.
    ///   - read: what else went through models.
    ///   - facts: the stage's own.
    /// - Throws: `.file` when the checkpoints cannot be removed.
    func result<O: Objective>(
        of trainer: Trainer<O>, losses: [DomainScore], operations: Double, read: ReadCost, facts: [String: RecordValue]
    ) throws(PipelineError) -> StageResult {
        var all = lossFacts(losses)
        all["steps"] = .integer(trainer.step)
        all["read_tokens"] = .integer(read.tokens)
        all["mixture"] = RecordValue(trainer.weightsByDomain)
        all.merge(facts) { _, own in own }
        try Folder.remove(folder + "/checkpoints")
        return StageResult(
            tokens: trainer.tokens, floatingPointOperations: operations + read.operations, facts: .object(all))
    }
}
