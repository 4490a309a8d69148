internal import Glibc

/// Several processes that live and die together.
///
/// A signal is passed on to all. When one of them ends otherwise than in order, is seen to have ended, or when nothing
/// moves any more, all are ended: first asked, after a time killed; also those that are stopped.
public struct Job {
    /// The processes to start, in the order of their ranks.
    public var members: [JobMember]
    /// How long nothing may move before the job is ended, in seconds; nil: for ever. Ranks that never report are not watched.
    public var timeoutSeconds: Double?
    /// How long a process that was asked to end may take before it is killed, in seconds.
    public var graceSeconds: Double
    /// The exit code of a rank that ends because another is lost: it is not the one to name.
    public var victimCode: Int32
    /// The step of the newest whole checkpoint in a folder of checkpoints; nil when there is none.
    public var lastCheckpoint: (String) -> Int?
    /// Receives each line to print: sentences of the job's own, and what ranks with a prefix print.
    public var say: (String) -> Void

    public init(
        members: [JobMember], timeoutSeconds: Double? = 1800, graceSeconds: Double = 30, victimCode: Int32 = 76,
        lastCheckpoint: @escaping (String) -> Int? = { _ in nil }, say: @escaping (String) -> Void
    ) {
        self.members = members
        self.timeoutSeconds = timeoutSeconds
        self.graceSeconds = graceSeconds
        self.victimCode = victimCode
        self.lastCheckpoint = lastCheckpoint
        self.say = say
    }

    /// Starts all and waits for their end, on this very thread: the kernel kills them should it end before.
    /// - Parameter requests: A descriptor from which the numbers of signals to pass on are read, a byte each, without waiting.
    /// - Throws: `SupervisorError` when a process cannot be started; none is left then.
    public func run(requests: Int32) throws(SupervisorError) -> JobEnd {
        var children: [Child] = []
        do throws(SupervisorError) {
            for member in members { children.append(try Child(member)) }
        } catch {
            for child in children { child.send(SIGKILL) }
            for child in children { while child.look() == nil || child.isAlive { usleep(1000) } }
            throw error
        }
        var run = JobRun(job: self, children: children)
        while run.isUnderWay {
            run.wait(for: requests)
            run.turn(requested: requestedSignals(requests))
        }
        return run.end
    }

    private func requestedSignals(_ descriptor: Int32) -> [Int32] {
        var numbers = [UInt8](repeating: 0, count: 16)
        let count = read(descriptor, &numbers, numbers.count)
        return numbers.prefix(max(count, 0)).map { Int32($0) }
    }
}
