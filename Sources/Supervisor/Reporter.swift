internal import Dispatch
internal import Glibc
internal import Synchronization

/// A rank's side of the line to its launcher: tells once a second where the rank stands, when that has changed.
///
/// It never waits: what the launcher does not read in time is left out.
public final class Reporter: Sendable {
    /// Names the descriptor in the environment of a rank.
    public static let variable = "SHEARLING_REPORT_FD"

    private struct State {
        var report = RankReport()
        var told: RankReport?
    }

    private let descriptor: Int32
    private let state = Mutex(State())
    private let beat: @Sendable () -> Int

    /// The line that this process was started with; nil for one that nobody watches.
    /// - Parameter beat: Grows while the process's loops turn.
    public init?(environment: [String: String], beat: @escaping @Sendable () -> Int) {
        guard let descriptor = environment[Self.variable].flatMap({ Int32($0) }), descriptor > 2,
            fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0
        else { return nil }
        setNonBlocking(descriptor)
        self.descriptor = descriptor
        self.beat = beat
        tell()
        let queue = DispatchQueue(label: "shearling.report")
        queue.async { [weak self] in Reporter.again(self, queue) }
    }

    /// Says what the process is doing now.
    /// - Parameter checkpoints: The folder of the checkpoints that it writes now; another one is told at once.
    public func place(_ place: String, checkpoints: String) {
        let isUrgent = state.withLock { state in
            state.report.place = place
            defer { state.report.checkpoints = checkpoints }
            return state.report.checkpoints != checkpoints
        }
        if isUrgent { tell() }
    }

    private static func again(_ reporter: Reporter?, _ queue: DispatchQueue) {
        guard let reporter else { return }
        reporter.tell()
        queue.asyncAfter(deadline: .now() + 1) { [weak reporter] in Reporter.again(reporter, queue) }
    }

    private func tell() {
        state.withLock { state in
            state.report.beat = beat()
            guard state.report != state.told else { return }
            let line = Array(state.report.line.utf8)
            if write(descriptor, line, line.count) == line.count { state.told = state.report }
        }
    }
}
