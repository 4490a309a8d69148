internal import Files
internal import Glibc
internal import Synchronization

/// SIGINT, SIGTERM and SIGHUP as bytes of a pipe, for a loop that waits for other things too.
public final class SignalRequests {
    private static let target = Atomic<Int32>(-1)
    private let pipe: ChildPipe

    /// Catches them from now on; SIGHUP counts as SIGTERM, and stays ignored where it was (as `nohup` wants).
    /// - Throws: `.system`.
    public init() throws(SupervisorError) {
        pipe = try ChildPipe()
        setNonBlocking(pipe.writing)
        Self.target.store(pipe.writing, ordering: .releasing)
        for number in [SIGINT, SIGTERM, SIGHUP] {
            var action = sigaction()
            if number == SIGHUP, sigaction(number, nil, &action) == 0,
                unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
            {
                continue
            }
            action = sigaction()
            // Only an atomic word and `write` are used: both are safe at any moment.
            action.__sigaction_handler.sa_handler = { number in
                let before = errno
                var byte = UInt8(number == SIGHUP ? SIGTERM : number)
                _ = write(SignalRequests.target.load(ordering: .acquiring), &byte, 1)
                errno = before
            }
            sigemptyset(&action.sa_mask)
            action.sa_flags = SA_RESTART
            guard sigaction(number, &action, nil) == 0 else {
                throw .system(FileFailure(path: signalName(number), operation: "catch"))
            }
        }
    }

    deinit { Self.target.store(-1, ordering: .releasing) }

    /// Where the numbers of the signals can be read.
    public var descriptor: Int32 { pipe.reading }
}
