internal import Corpus
internal import Evaluation
internal import Transformer

extension Artifact {
    /// The tokenizer beside a model, for tasks to be asked in.
    /// - Throws: `.mismatch` when the model brings none, `.corpus` when it cannot be loaded.
    func taskTokenizer() throws(PipelineError) -> any Tokenizer {
        guard !TokenizerFiles(inFolder: modelPath).files.isEmpty else {
            throw .mismatch(
                "the model of \(record.id) brings no tokenizer, which tasks need",
                remedy: "state tokenizer: in the import stage it comes from")
        }
        return try withCorpus { () throws(CorpusError) in try loadTokenizer(at: modelPath) }
    }
}

/// Task files in the tokens of a model.
/// - Parameters:
///   - limit: questions of each file at most; 0 takes all.
///   - positions: the model's.
/// - Throws: `.evaluation` when a file cannot be read or asked.
func questions(
    of paths: [String], split: TaskSplit, limit: Int, in tokenizer: any Tokenizer, positions: Int
) throws(PipelineError) -> [MultipleChoice] {
    try withEvaluation { () throws(EvaluationError) in
        var made: [MultipleChoice] = []
        for path in paths {
            let task = try EvaluationTask.load(path, split: split, limit: limit == 0 ? nil : limit)
            made.append(try MultipleChoice(task, tokenizer: tokenizer, positions: positions))
        }
        return made
    }
}
