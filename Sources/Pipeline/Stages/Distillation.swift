internal import Torch
internal import Training
internal import Transformer

/// Distillation in a stage: what planning knows of it, and the teacher when the stage runs.
extension DistillSpec {
    /// The settings of the objective.
    var settings: DistillationSettings { DistillationSettings(weight: weight, temperature: temperature) }

    /// Adds the teacher to what a stage's training takes: a forward pass of it for each token, and its weights in the
    /// compute type beside the student's state. A vocabulary that is not the student's is a problem of the plan.
    func addCosts(
        to outlook: inout StageOutlook, student: Architecture, _ context: OutlookContext, rows: Int, precision: DType
    ) {
        guard let teacher = context[self.teacher]?.architecture else { return }
        if teacher.vocabularySize != student.vocabularySize {
            outlook.problems.append(
                (
                    "distill.teacher",
                    "the model of \(self.teacher) has a vocabulary of \(teacher.vocabularySize) tokens, the student one of \(student.vocabularySize); distillation compares distributions over the same tokens"
                ))
        }
        guard let length = outlook.sequenceLength, let tokens = outlook.tokens else { return }
        let cost = CostModel(teacher)
        outlook.floatingPointOperations =
            (outlook.floatingPointOperations ?? 0) + Double(tokens) * cost.forwardFLOPsPerToken(sequenceLength: length)
        let memory = cost.inferenceMemory(rows: rows, sequenceLength: length, weightDType: precision)
        outlook.memoryBytes = (outlook.memoryBytes ?? 0) + memory.weightBytes + memory.activationBytes
        outlook.notes.append(
            "runs the teacher \(self.teacher) (\(teacher.parameterCount) parameters) beside the student")
    }

    /// The frozen teacher, refused when its words are not those of the rows.
    /// - Throws: `.mismatch` for another tokenizer, `.transformer` when its weights cannot be read.
    func model(
        _ bench: Workbench, data: StageID, rows: TrainingBench, precision: DType
    ) throws(PipelineError) -> LanguageModel {
        try bench.artifact(teacher).requireVocabulary(of: rows.corpus, bench.artifact(data))
        return try bench.model(of: teacher, computeDType: precision, isFrozen: true).model
    }
}
