public import Files

/// What can go wrong when processes are started and watched.
public enum SupervisorError: Error, Sendable {
    /// A process could not be started; none of the others is left. `code` is an `errno`.
    case start(rank: Int, program: String, code: Int32)
    /// The system refused what watching needs, such as a pipe.
    case system(FileFailure)
}

extension SupervisorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .start(let rank, let program, let code):
            "rank \(rank) could not be started: \(program): \(systemMessage(code)); the others were ended"
        case .system(let failure): "\(failure.operation) \(failure.path) failed: \(failure.reason)"
        }
    }

    /// The `errno` behind it.
    public var code: Int32 {
        switch self {
        case .start(_, _, let code): code
        case .system(let failure): failure.code
        }
    }
}
