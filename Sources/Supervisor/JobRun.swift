internal import Glibc

/// A job whose processes run: what has happened to it so far, and what follows from what happens next.
struct JobRun {
    private enum Phase {
        case running
        /// A signal was passed on; the ranks may take their time.
        case stopping(signal: Int32)
        /// All are to end, for this reason; killed at `deadline`.
        case ending(JobEnd, deadline: ContinuousClock.Instant?)
    }

    private let job: Job
    private let children: [Child]
    private var watchdog: Watchdog
    private var phase = Phase.running

    init(job: Job, children: [Child]) {
        self.job = job
        self.children = children
        watchdog = Watchdog(patience: job.timeoutSeconds.map { Duration.seconds($0) })
    }

    private var alive: [Child] { children.filter(\.isAlive) }
    var isUnderWay: Bool { !alive.isEmpty }

    /// How it ended.
    var end: JobEnd {
        switch phase {
        case .running: .done
        case .stopping(let signal): .stopped(signal: signal)
        case .ending(let end, _): end
        }
    }

    /// Waits until a rank says something, a signal is to be passed on, or a short time is over.
    func wait(for requests: Int32) {
        let descriptors = [requests] + children.flatMap(\.readable)
        var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = poll(&polled, nfds_t(polled.count), 50)
    }

    /// Takes in all that has happened and acts on it.
    mutating func turn(requested: [Int32]) {
        let now = ContinuousClock.now
        for child in children {
            if let report = child.newestReport() { watchdog.note(report, of: child.member.rank, at: now) }
        }
        for signal in requested { pass(signal) }
        var ended: [(child: Child, end: ProcessEnd)] = []
        for child in children {
            switch child.look() {
            case .ended(let end): ended.append((child, end))
            case .stopped(let signal):
                job.say("rank \(child.member.rank) (process \(child.id)) is stopped by \(signalName(signal))")
            case .running: job.say("rank \(child.member.rank) (process \(child.id)) goes on")
            case nil: break
            }
            for line in child.printedLines() { job.say((child.member.prefix ?? "") + line) }
        }
        settle(ended)
        if case .ending(_, let deadline?) = phase {
            if now >= deadline { killRest() }
        } else if case .ending = phase {
            // Killed already.
        } else if let still = watchdog.stall(of: alive.map(\.member.rank), at: now) {
            job.say("nothing has moved for \(still.components.seconds) s\(checkpointClause). The ranks stand:")
            for child in children { job.say("  " + place(of: child, at: now)) }
            finish(.stalled)
        }
    }

    // MARK: - What follows

    private mutating func pass(_ signal: Int32) {
        switch phase {
        case .running:
            phase = .stopping(signal: signal)
            job.say("\(signalName(signal)) goes to \(names(alive)), which may checkpoint; a second one kills")
            for child in alive {
                child.send(signal)
                child.send(SIGCONT)
            }
        case .stopping(let first):
            job.say("a second signal: \(names(alive)) killed\(checkpointClause)")
            phase = .ending(.killed(signal: first), deadline: nil)
            for child in alive { child.send(SIGKILL) }
        case .ending: killRest()
        }
    }

    /// Looks at the ranks that have ended just now; the first end out of order is the job's.
    private mutating func settle(_ ended: [(child: Child, end: ProcessEnd)]) {
        // A signal that reached one rank alone, or that rank first, is meant for all.
        let ends = ended.map(\.end)
        if case .running = phase, let signal = [SIGTERM, SIGINT].first(where: { ends.contains(.exit(128 + $0)) }) {
            pass(signal)
        }
        let isInOrder: (ProcessEnd) -> Bool
        switch phase {
        case .running: isInOrder = { $0 == .exit(0) }
        // A process may leave the signal to the system, or end as a shell would say it.
        case .stopping(let signal): isInOrder = { $0 == .exit(0) || $0.code == 128 + signal }
        case .ending: return
        }
        let odd = ended.filter { !isInOrder($0.end) }
        // One that ends because of another is named only when there is no other.
        guard let culprit = odd.first(where: { $0.end != .exit(job.victimCode) }) ?? odd.first else { return }
        let rank = culprit.child.member.rank
        let stopped = alive.filter { $0.state != .running }
        let at = watchdog.standings[rank].map { " at \($0.report.place)" } ?? ""
        var sentence = "rank \(rank) (process \(culprit.child.id)) \(culprit.end)\(at)"
        if culprit.end == .exit(job.victimCode), !stopped.isEmpty {
            sentence += ", because it waited for \(names(stopped)), which is stopped"
        }
        job.say(sentence + checkpointClause)
        if !alive.isEmpty { job.say("ending \(names(alive))") }
        if culprit.end == .exit(job.victimCode), let first = stopped.first {
            finish(.lost(rank: first.member.rank, .exit(job.victimCode)))
        } else {
            finish(.lost(rank: rank, culprit.end))
        }
    }

    /// Asks all that are left to end; a stopped one does it when it is continued.
    private mutating func finish(_ end: JobEnd) {
        phase = .ending(end, deadline: ContinuousClock.now + .seconds(job.graceSeconds))
        for child in alive {
            child.send(SIGTERM)
            child.send(SIGCONT)
        }
    }

    private mutating func killRest() {
        if case .ending(let end, deadline: _?) = phase {
            if !alive.isEmpty { job.say("\(names(alive)) did not end within \(job.graceSeconds) s: killed") }
            phase = .ending(end, deadline: nil)
        }
        for child in alive { child.send(SIGKILL) }
    }

    // MARK: - In words

    private func names(_ children: [Child]) -> String {
        (children.count == 1 ? "rank " : "ranks ") + children.map { "\($0.member.rank)" }.joined(separator: ", ")
    }

    private func place(of child: Child, at now: ContinuousClock.Instant) -> String {
        let rank = "rank \(child.member.rank) (process \(child.id))"
        if case .ended(let end) = child.state { return "\(rank) \(end)" }
        let state = if case .stopped(let signal) = child.state { ", stopped by \(signalName(signal))" } else { "" }
        guard let standing = watchdog.standings[child.member.rank] else { return "\(rank): not heard of\(state)" }
        return "\(rank): \(standing.report.place), for \(standing.since.duration(to: now).components.seconds) s\(state)"
    }

    /// Where the job can be taken up again.
    private var checkpointClause: String {
        let folders = Set(watchdog.standings.values.map(\.report.checkpoints)).subtracting([""]).sorted()
        guard let folder = folders.first else { return "" }
        guard let step = folders.compactMap(job.lastCheckpoint).max() else {
            return "; no checkpoint stands in \(folder) yet"
        }
        return "; the last whole checkpoint is of step \(step) (\(folder))"
    }
}
