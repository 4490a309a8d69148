import Fixtures
import Foundation
import Testing

@testable import Supervisor

/// A launcher in a process of its own, which is killed.
@Suite struct KilledLauncherTests {
    private static let key = "SHEARLING_TEST_LAUNCHER"

    /// Not a test of its own: the process that is killed runs it.
    @Test func launchesUntilItIsKilled() throws {
        guard let folder = ProcessInfo.processInfo.environment[Self.key] else { return }
        let scripts = (0..<3).map {
            "echo $$ > \(folder)/\($0).new; mv \(folder)/\($0).new \(folder)/\($0); exec sleep 100"
        }
        _ = try ShellJob(scripts + ["kill -STOP $$"]).run()
    }

    @Test func aKilledLauncherTakesItsRanksAlong() throws {
        let folder = try TemporaryDirectory()
        let launcher = try TestProcess("launchesUntilItIsKilled", environment: [Self.key: folder.path])
        while launcher.isRunning, folder.names() != ["0", "1", "2"] { usleep(5000) }
        let ranks = try (0..<3).compactMap {
            pid_t(String(decoding: try folder.read("\($0)").dropLast(), as: UTF8.self))
        }
        #expect(ranks.count == 3 && ranks.allSatisfy { isRunning($0) })
        kill(launcher.id, SIGKILL)
        #expect(launcher.waitForEnd() == .signal(SIGKILL))
        let last = ContinuousClock.now + .seconds(5)
        while ranks.contains(where: { isRunning($0) }), ContinuousClock.now < last { usleep(5000) }
        #expect(!ranks.contains { isRunning($0) })
    }
}
