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
