/// How a job came to its end. None of its processes is left then.
public enum JobEnd: Sendable, Equatable {
    /// All ranks ended with exit code 0.
    case done
    /// A signal was passed on, and all ranks ended in order: with 0, or with 128 and its number.
    case stopped(signal: Int32)
    /// A second signal killed what was left.
    case killed(signal: Int32)
    /// A rank ended otherwise; it was the first, and the others were ended then.
    case lost(rank: Int, ProcessEnd)
    /// Nothing moved any more.
    case stalled
}
