internal import FoundationEssentials
internal import Glibc
public import Torch

/// Several processes of this very test program that form a group. They die with their last holder.
///
/// The test that holds them names a second test, which calls `takePart` and does nothing anywhere else.
public final class TestRanks {
    /// What became of one of them.
    public enum Outcome: Equatable, Sendable {
        /// It went through and gave this.
        case done(String)
        /// It ended with this error.
        case failed(String)
        /// It ended without a word.
        case silent(TestProcess.End)
    }

    public let processes: [TestProcess]
    private let numbers: [Int]
    private let folder: TemporaryDirectory
    /// Kept here, as torchrun's agent and `shear launch` keep it.
    private let store: ProcessStore?

    private static let folderKey = "SHEARLING_TEST_RANKS"
    private static let roleKey = "SHEARLING_TEST_ROLE"
    private static let limitsKey = "SHEARLING_TEST_LIMITS"

    /// Starts the ranks.
    /// - Parameters:
    ///   - role: What they do, as they say to `takePart`.
    ///   - test: The name of the test in which they do it.
    ///   - starting: The ranks that are started; nil: all.
    ///   - rankZeroKeepsStore: Otherwise this process keeps it.
    public init(
        _ count: Int, as role: String, in test: String, limits: GroupLimits = GroupLimits(waitSeconds: 60),
        starting: [Int]? = nil, rankZeroKeepsStore: Bool = false, environment: [String: String] = [:]
    ) throws {
        folder = try TemporaryDirectory()
        let kept = try ProcessStore(host: "127.0.0.1", port: 0, serve: true)
        let port = kept.port
        store = rankZeroKeepsStore ? nil : kept
        var started: [TestProcess] = []
        numbers = starting ?? Array(0..<count)
        for rank in numbers {
            let ranks = Ranks(rank: rank, count: count, port: port, rankZeroKeepsStore: rankZeroKeepsStore)
            let own = [
                Self.folderKey: folder.path, Self.roleKey: role,
                Self.limitsKey: "\(limits.waitSeconds) \(limits.silenceSeconds)", "OMP_NUM_THREADS": "1",
            ]
            started.append(
                try TestProcess(
                    test, environment: environment.merging(ranks.variables) { $1 }.merging(own) { $1 }))
        }
        processes = started
    }

    /// Waits for all that were started, in the order of their ranks.
    public func outcomes() -> [Outcome] {
        zip(numbers, processes).map { rank, process in
            let end = process.waitForEnd()
            let text = { (name: String) in
                (try? self.folder.read(name)).map { String(decoding: $0, as: UTF8.self) }
            }
            if let done = text("\(rank).done") { return .done(done) }
            if let failed = text("\(rank).failed") { return .failed(failed) }
            return .silent(end)
        }
    }

    /// What a rank has noted so far.
    public func notes(of rank: Int) -> [String] {
        guard let bytes = try? folder.read("\(rank).notes") else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// Whether this process is a rank.
    public static var isRank: Bool { ProcessInfo.processInfo.environment[roleKey] != nil }

    /// In a rank of this role: meets the others, runs `body` on one thread and keeps what it gives. Nothing elsewhere.
    public static func takePart(as role: String, _ body: (ProcessGroup) throws -> String) {
        let environment = ProcessInfo.processInfo.environment
        guard environment[roleKey] == role, let folder = environment[folderKey], let rank = environment["RANK"],
            let limits = environment[limitsKey]?.split(separator: " ").compactMap({ Double($0) }), limits.count == 2
        else { return }
        do {
            try Engine.setThreads(1)
            guard let ranks = try Ranks.found(in: environment) else { return }
            let group = try ProcessGroup(
                ranks, limits: GroupLimits(waitSeconds: limits[0], silenceSeconds: limits[1]))
            write(try body(group), to: "\(folder)/\(rank).done", "w")
        } catch {
            write("\(error)", to: "\(folder)/\(rank).failed", "w")
        }
    }

    /// In a rank: tells the test that holds it something at once.
    public static func note(_ text: String) {
        let environment = ProcessInfo.processInfo.environment
        guard let folder = environment[folderKey], let rank = environment["RANK"] else { return }
        write(text + "\n", to: "\(folder)/\(rank).notes", "a")
    }

    private static func write(_ text: String, to path: String, _ mode: String) {
        guard let file = fopen(path, mode) else { return }
        fputs(text, file)
        fclose(file)
    }
}
