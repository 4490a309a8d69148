public import Files

/// What can go wrong in a search; every case carries the data a person needs to act.
public enum SearchError: Error, Sendable, Equatable {
    /// A search space, a list of objectives or a setting that makes no search: what was found, what to do.
    case invalidArgument(reason: String, remedy: String)
    /// The operating system refused an operation; `code` is its `errno`.
    case io(path: String, operation: String, code: Int32)
    /// A line of a journal, counted from 1, that is not what the journal must hold there.
    case journal(path: String, line: Int, reason: String)
    /// An evaluation that this search would not have made: the journal is another search's.
    case foreignEvaluation(id: Int, found: String, expected: String)
}

extension SearchError: CustomStringConvertible {
    /// One sentence or more: the place, what was found and expected, what to do.
    public var description: String {
        switch self {
        case .invalidArgument(let reason, let remedy): "\(reason); \(remedy)."
        case .io(let path, let operation, let code):
            "\(path): \(operation) failed: \(systemMessage(code)) (errno \(code))."
        case .journal(let path, let line, let reason):
            "\(path), line \(line): \(reason); move the journal away to search anew, or put its original back."
        case .foreignEvaluation(let id, let found, let expected):
            "Evaluation \(id) of the journal is \(found), where this search has \(expected): the journal is from another "
                + "space, seed, method or version; move it away to search anew."
        }
    }
}

extension SearchError: FileError {
    public init(_ failure: FileFailure) {
        self = .io(path: failure.path, operation: failure.operation, code: failure.code)
    }
}

/// File operations under this module's error type.
typealias FileSystem = FileOperations<SearchError>
