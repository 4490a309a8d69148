public import Corpus
public import Torch
public import Transformer

/// What can go wrong when a model is measured.
public enum EvaluationError: Error, Sendable {
    /// A tensor operation failed.
    case torch(TorchError)
    /// The rows could not be read.
    case corpus(CorpusError)
    /// The model could not be run.
    case transformer(TransformerError)
    /// The rows were made for another vocabulary.
    case vocabulary(corpus: Int, model: Int)
    /// A token id outside the vocabulary; `index` counts from 0.
    case token(sequence: Int, index: Int, found: Int, vocabulary: Int)
    /// A file of questions that cannot be used; `line` counts from 1, nil is the whole file.
    case taskFile(path: String, line: Int?, problem: String)
    /// Questions of one split where those of another are due.
    case split(task: String, found: TaskSplit, needed: TaskSplit, purpose: String)
    /// A request that cannot be met: what was found, what to do.
    case request(reason: String, remedy: String)
}

extension EvaluationError: CustomStringConvertible {
    /// One sentence naming place, found, expected and what to do.
    public var description: String {
        switch self {
        case .torch(let error): "\(error)"
        case .corpus(let error): "\(error)"
        case .transformer(let error): "\(error)"
        case .vocabulary(let corpus, let model):
            "The rows use a vocabulary of \(corpus) tokens, the model knows \(model); "
                + "pack the corpus with the model's own tokenizer."
        case .token(let sequence, let index, let found, let vocabulary):
            "Sequence \(sequence), token \(index): id \(found) is outside the model's vocabulary "
                + "(0 to \(vocabulary - 1)); tokenize with the model's own tokenizer."
        case .taskFile(let path, let line, let problem): "\(path)\(line.map { ", line \($0)" } ?? ""): \(problem)."
        case .split(let task, let found, let needed, let purpose):
            "The questions of \(task) are of the split '\(found.rawValue)', but \(purpose) needs '\(needed.rawValue)': "
                + "a search must not see what is reported; state split: \(needed.rawValue)."
        case .request(let reason, let remedy): "\(reason); \(remedy)."
        }
    }
}

/// Runs tensor code and turns its error into this module's.
func withTorch<R>(_ body: () throws(TorchError) -> R) throws(EvaluationError) -> R {
    do throws(TorchError) { return try body() } catch { throw .torch(error) }
}

/// Runs corpus code and turns its error into this module's.
func withCorpus<R>(_ body: () throws(CorpusError) -> R) throws(EvaluationError) -> R {
    do throws(CorpusError) { return try body() } catch { throw .corpus(error) }
}
