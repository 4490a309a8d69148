public import Corpus
public import Evaluation
public import Files
public import Torch

/// What can go wrong between a loader and a trained model; every case carries the data a person needs to act.
public enum TrainingError: Error, Sendable {
    /// A tensor operation failed.
    case torch(TorchError)
    /// The rows could not be read.
    case corpus(CorpusError)
    /// A measurement during training failed.
    case evaluation(EvaluationError)
    /// An objective of a higher module failed; its own error says how.
    case objective(any Error & Sendable)
    /// A loss or gradient that is NaN or infinite; the weights are as they were before the step.
    case notFinite(NotFiniteStep)
    /// The device could not hold one micro-batch.
    case outOfMemory(step: Int, microBatchRows: Int, sequenceLength: Int, detail: String)
    /// A batch without a single position that counts.
    case emptyBatch(step: Int)
    /// A setting that cannot be meant.
    case setting(name: String, found: String, expected: String)
    /// A file or folder of the run that the operating system refused; `code` is its `errno`.
    case file(path: String, operation: String, code: Int32)
    /// A checkpoint that cannot be read back.
    case checkpoint(path: String, reason: String)
    /// Checkpoints are there, but none of them can be read; one reason for each.
    case noUsableCheckpoint(folder: String, reasons: [String])
    /// A checkpoint of another run: `item` differs.
    case mismatch(path: String, item: String, saved: String, asked: String)
    /// A reference loss that is missing or cannot be had.
    case reference(domain: String, reason: String, remedy: String)
}

/// Where a loss or a gradient stopped being a number.
public struct NotFiniteStep: Codable, Sendable, Equatable {
    /// The step, counted from 1, that was not taken.
    public var step: Int
    /// What was not finite, such as `loss` or `gradient of weights`.
    public var quantity: String
    /// The domains of the rows that are to blame, without repetition.
    public var domains: [String]
    /// Where those rows come from: at most 8, one clause each.
    public var rows: [String]

    public init(step: Int, quantity: String, domains: [String], rows: [String]) {
        self.step = step
        self.quantity = quantity
        self.domains = domains
        self.rows = rows
    }
}

extension TrainingError: CustomStringConvertible {
    /// One sentence or more: the place, what was found and expected, what to do.
    public var description: String {
        switch self {
        case .torch(let error): "\(error)"
        case .corpus(let error): "\(error)"
        case .evaluation(let error): "\(error)"
        case .objective(let error): "\(error)"
        case .notFinite(let step):
            "Step \(step.step): the \(step.quantity) is not a finite number"
                + (step.domains.isEmpty ? "" : ", in domain \(step.domains.joined(separator: ", "))")
                + (step.rows.isEmpty ? "" : " (rows: \(step.rows.joined(separator: "; ")))")
                + "; no weight was changed. Lower the peak rate or lengthen the warm-up, go on from the last"
                + " checkpoint, and look at these rows."
        case .outOfMemory(let step, let rows, let length, let detail):
            "Step \(step): out of memory with micro-batches of \(rows) x \(length) tokens (\(detail)); "
                + (rows > 1
                    ? "set micro_batch to \(rows / 2) (the result stays the same), or shorten the sequence."
                    : "the smallest micro-batch does not fit: shorten the sequence or use a smaller model.")
        case .emptyBatch(let step):
            "Step \(step): no position of the batch counts; the packed rows hold nothing to predict, pack them again."
        case .setting(let name, let found, let expected): "\(name) is \(found), expected \(expected)."
        case .file(let path, let operation, let code):
            "\(path): \(operation) failed: \(systemMessage(code)) (errno \(code))"
                + (FileFailure(path: path, operation: operation, code: code).remedy.map { "; \($0)" } ?? "")
                + "; earlier checkpoints are kept."
        case .checkpoint(let path, let reason): "\(path) cannot be resumed from: \(reason)."
        case .noUsableCheckpoint(let folder, let reasons):
            "None of the checkpoints in \(folder) can be read: \(reasons.joined(separator: "; ")). "
                + "Restore one from a backup, or delete the folder to start from step 0."
        case .mismatch(let path, let item, let saved, let asked):
            "\(path) belongs to another run: its \(item) is \(saved), this run's is \(asked); "
                + "resume with the old value, or start in a new folder."
        case .reference(let domain, let reason, let remedy): "Reference loss of \(domain): \(reason); \(remedy)."
        }
    }
}

/// Runs tensor code and turns its error into this module's.
func withTorch<R>(_ body: () throws(TorchError) -> R) throws(TrainingError) -> R {
    do throws(TorchError) { return try body() } catch { throw .torch(error) }
}

/// Runs corpus code and turns its error into this module's.
func withCorpus<R>(_ body: () throws(CorpusError) -> R) throws(TrainingError) -> R {
    do throws(CorpusError) { return try body() } catch { throw .corpus(error) }
}

/// Runs a measurement and turns its error into this module's.
func withEvaluation<R>(_ body: () throws(EvaluationError) -> R) throws(TrainingError) -> R {
    do throws(EvaluationError) { return try body() } catch { throw .evaluation(error) }
}

extension TrainingError: FileError {
    public init(_ failure: FileFailure) {
        self = .file(path: failure.path, operation: failure.operation, code: failure.code)
    }
}

typealias FileSystem = FileOperations<TrainingError>
