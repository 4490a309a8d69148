public import Corpus
public import Evaluation
public import Files
public import Report
public import Search
public import Shearing
public import SuperNetwork
public import Torch
public import Training
public import Transformer

/// What can go wrong in a pipeline; lower errors are wrapped once and keep their data.
public enum PipelineError: Error, Sendable {
    /// The pipeline file (or a `--set`) breaks the rules; every problem found, not only the first.
    case specification([SpecProblem])
    /// Files a stage reads from outside the pipeline are not there.
    case missingInput(MissingInput)
    /// Several of them, for several stages.
    case missingInputs([MissingInput])
    /// Another process works on the stage.
    case locked(LockOwner, path: String)
    /// The file system refused. `code` is an `errno`.
    case file(operation: String, path: String, code: Int32)
    /// An artifact is not what its record says.
    case damagedArtifact(path: String, problem: String)
    /// Two inputs of a stage do not fit each other, or an input does not fit the spec.
    case mismatch(String, remedy: String)
    /// SIGINT or SIGTERM arrived; the stage has written a checkpoint at `step`.
    case interrupted(signal: Int32, step: Int)
    case corpus(CorpusError)
    case torch(TorchError)
    case transformer(TransformerError)
    case evaluation(EvaluationError)
    case training(TrainingError)
    case shearing(ShearingError)
    case report(ReportError)
    case superNetwork(SuperNetworkError)
    case search(SearchError)
    /// An error inside a stage: which one it was.
    indirect case stage(StageID, PipelineError)
}

/// A file or folder that must exist before a stage can run.
public struct MissingInput: Codable, Sendable, Equatable {
    /// The path as written in the pipeline file.
    public let path: String
    /// What the stage wanted there: “weights”, “data manifest”, “tokenizer”, …
    public let role: String
    /// How to get it: a command or a sentence.
    public let remedy: String

    public init(path: String, role: String, remedy: String) {
        self.path = path
        self.role = role
        self.remedy = remedy
    }
}

/// Who is to act on an error; decides the exit code.
public enum ErrorCategory: Int32, Sendable, CaseIterable {
    /// The pipeline file or the command line is wrong (exit code 64).
    case specification = 64
    /// The data, a model or an artifact is wrong or absent (65).
    case data = 65
    /// Our own fault (70).
    case internalFault = 70
    /// The machine refused a file operation: no space, no permission (74).
    case machine = 74
    /// Memory ran out (75).
    case outOfMemory = 75
    /// Another process of the job has ended, is stopped or has not come (76).
    case rankLost = 76
    /// Stopped by SIGINT (130).
    case interrupted = 130
    /// Stopped by SIGTERM (143).
    case terminated = 143
}

extension PipelineError: CustomStringConvertible {
    /// One clear message: the place, what was found and expected, what to do.
    public var description: String {
        switch self {
        case .specification(let problems): problems.map(\.description).joined(separator: "\n")
        case .missingInput(let input): "the \(input.role) \(input.path) is missing; \(input.remedy)"
        case .missingInputs(let inputs):
            "\(inputs.count) inputs are missing:\n"
                + inputs.map { "  the \($0.role) \($0.path); \($0.remedy)" }.joined(separator: "\n")
        case .locked(let owner, let path):
            "process \(owner.processID) on \(owner.host) works on it since \(PipelineError.time(owner.startedAt)); wait for it or stop it (lock: \(path))"
        case .file(let operation, let path, let code):
            "cannot \(operation) \(path): \(PipelineError.text(ofErrno: code))"
        case .damagedArtifact(let path, let problem): "\(path) is damaged: \(problem); run again with --force"
        case .mismatch(let what, let remedy): "\(what); \(remedy)"
        case .interrupted(let signal, let step):
            "stopped by \(signal == 15 ? "SIGTERM" : "SIGINT") after step \(step); run the same command again to continue there"
        case .corpus(let error): "\(error)"
        case .torch(let error): "\(error)"
        case .transformer(let error): "\(error)"
        case .evaluation(let error): "\(error)"
        case .training(let error): "\(error)"
        case .shearing(let error): "\(error)"
        case .report(let error): "\(error)"
        case .superNetwork(let error): "\(error)"
        case .search(let error): "\(error)"
        case .stage(let id, let error): "stage \(id): \(error)"
        }
    }
}

extension PipelineError: FileError {
    public init(_ failure: FileFailure) {
        self = .file(operation: failure.operation, path: failure.path, code: failure.code)
    }
}

typealias FileSystem = FileOperations<PipelineError>
