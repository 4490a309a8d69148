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
    /// SIGINT or SIGTERM arrived; the stage has kept what it did up to `step`, counted in `unit`.
    case interrupted(signal: Int32, step: Int, unit: WorkUnit = .step)
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

/// What a stage counts its progress in.
public enum WorkUnit: Sendable {
    case step
    /// Files of text, in packing; 0 where nobody counted.
    case file
}

extension PipelineError: FileError {
    public init(_ failure: FileFailure) {
        self = .file(operation: failure.operation, path: failure.path, code: failure.code)
    }
}

typealias FileSystem = FileOperations<PipelineError>
