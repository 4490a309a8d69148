internal import Files
internal import Glibc
internal import Synchronization

/// A wish to stop, read between steps. Raised by hand, or by SIGINT and SIGTERM once `catchSignals` was called.
public final class StopFlag: Sendable {
    private let value = Atomic<Int32>(0)
    private let reads = Atomic<Int>(0)

    public init() {}

    private static let endsAtSecond = Atomic<Bool>(true)

    /// The flag that signals raise.
    public static let process = StopFlag()

    /// Whether to stop.
    public var isRaised: Bool {
        reads.wrappingAdd(1, ordering: .relaxed)
        return value.load(ordering: .acquiring) != 0
    }

    /// How often `isRaised` was read: it grows while the loop that reads it turns, and stands when that hangs.
    public var readCount: Int { reads.load(ordering: .relaxed) }

    /// The signal that raised it, such as 15; `nil` when not raised, or by hand.
    public var signal: Int32? {
        let found = value.load(ordering: .acquiring)
        return found > 0 ? found : nil
    }

    /// Raises the flag.
    public func raise() {
        _ = value.compareExchange(expected: 0, desired: -1, ordering: .acquiringAndReleasing)
    }

    /// Takes the wish back.
    public func lower() { value.store(0, ordering: .releasing) }

    /// Lets SIGINT and SIGTERM raise `process`; the second of them ends the process at once with 128 + its number.
    ///
    /// The handler only exchanges one atomic word and calls `_exit`: both are safe at any moment. Interrupted system
    /// calls are restarted.
    /// - Parameter secondEnds: false where a launcher kills this process when it is to end at once: systems that signal all
    ///   processes of a job, as Slurm does, let the first signal arrive twice there, by the launcher too.
    /// - Throws: `TrainingError.setting` when the system refuses, which it does not for these two.
    public static func catchSignals(secondEnds: Bool = true) throws(TrainingError) {
        endsAtSecond.store(secondEnds, ordering: .releasing)
        // Made before a handler can run: a first use inside the handler would take a lock.
        process.lower()
        for number in [SIGINT, SIGTERM] {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { number in
                if StopFlag.process.value.exchange(number, ordering: .acquiringAndReleasing) > 0,
                    StopFlag.endsAtSecond.load(ordering: .acquiring)
                {
                    _exit(128 + number)
                }
            }
            sigemptyset(&action.sa_mask)
            action.sa_flags = SA_RESTART
            guard sigaction(number, &action, nil) == 0 else {
                throw .setting(
                    name: "signal handler", found: systemMessage(errno), expected: "a handler for signal \(number)")
            }
        }
        // A parent may have started us with these blocked, as threads of some pools do.
        var wanted = sigset_t()
        sigemptyset(&wanted)
        for number in [SIGINT, SIGTERM] { sigaddset(&wanted, number) }
        pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
    }
}
