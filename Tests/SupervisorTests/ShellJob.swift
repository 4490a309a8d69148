import Foundation
import Synchronization

@testable import Supervisor

/// A job whose ranks are shell scripts, and everything it says.
final class ShellJob {
    private(set) var lines: [String] = []
    private let requests: ChildPipe
    private var job: Job

    /// - Parameter scripts: What each rank does; all but rank 0 print through the job, unless `isQuiet` is false.
    init(
        _ scripts: [String], timeoutSeconds: Double? = nil, graceSeconds: Double = 20,
        lastCheckpoint: @escaping (String) -> Int? = { _ in nil }
    ) throws {
        requests = try ChildPipe()
        let environment = ["PATH": "/usr/bin:/bin"]
        let members = scripts.enumerated().map { rank, script in
            JobMember(
                rank: rank, program: "/bin/sh", arguments: ["-c", script],
                environment: environment.merging(["RANK": "\(rank)"]) { $1 }, prefix: "[rank \(rank)] ")
        }
        job = Job(
            members: members, timeoutSeconds: timeoutSeconds, graceSeconds: graceSeconds,
            lastCheckpoint: lastCheckpoint, say: { _ in })
    }

    /// Runs it to its end.
    /// - Parameter onLine: Sees each line as it is said; what it returns is requested as a signal.
    func run(_ onLine: @escaping (String) -> Int32? = { _ in nil }) throws -> JobEnd {
        job.say = { [unowned self] line in
            self.lines.append(line)
            if let signal = onLine(line) {
                var byte = UInt8(signal)
                write(self.requests.writing, &byte, 1)
            }
        }
        return try job.run(requests: requests.reading)
    }

    /// What a rank printed, without what some shells say of a `sleep` that was ended with them.
    func printed(by rank: Int) -> [String] {
        lines.filter { $0.hasPrefix("[rank \(rank)] ") }.map { String($0.dropFirst("[rank \(rank)] ".count)) }
            .filter { $0 != "Terminated" }
    }

    /// The sentences of the job itself.
    var sentences: String { lines.filter { !$0.hasPrefix("[rank") }.joined(separator: "\n") }

    /// The processes whose numbers the ranks printed as `pid N`, as far as they still run two seconds after they were killed.
    var survivors: [pid_t] {
        let started = lines.compactMap { line in line.range(of: "pid ").flatMap { pid_t(line[$0.upperBound...]) } }
        let deadline = ContinuousClock.now + .seconds(2)
        while started.contains(where: isRunning), ContinuousClock.now < deadline { usleep(10_000) }
        return started.filter(isRunning)
    }
}

/// Whether a process runs, other than as a zombie that somebody else is to reap.
func isRunning(_ id: pid_t) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
        let state = text.split(separator: ")").last?.split(separator: " ").first
    else { return false }
    return state != "Z" && state != "X"
}
