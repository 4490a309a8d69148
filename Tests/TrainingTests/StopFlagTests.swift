import Files
import Fixtures
import Foundation
import Testing

@testable import Training

/// Signals are sent to a process of their own, so that they disturb no other test.
@Suite struct StopFlagTests {
    private static let key = "SHEARLING_TEST_SIGNALS"

    @Test func aFlagIsRaisedAndLowered() {
        let flag = StopFlag()
        #expect(!flag.isRaised && flag.signal == nil)
        let reads = flag.readCount
        flag.raise()
        #expect(flag.isRaised && flag.signal == nil)
        #expect(flag.readCount == reads + 1)
        flag.lower()
        #expect(!flag.isRaised)
    }

    /// Not a test of its own: says when it is ready, when it was told to stop, and waits for the second signal.
    @Test func waitsForSignals() throws {
        guard let folder = ProcessInfo.processInfo.environment[Self.key] else { return }
        try StopFlag.catchSignals()
        try FileSystem.create(folder + "/ready", [])
        while !StopFlag.process.isRaised { usleep(1000) }
        try FileSystem.create(folder + "/signal-\(StopFlag.process.signal ?? 0)", [])
        while true { usleep(1000) }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func theFirstSignalIsAWishAndTheSecondAnOrder(number: Int32) throws {
        let folder = try TemporaryDirectory()
        let child = try TestProcess("waitsForSignals", environment: [Self.key: folder.path])
        func wait(for name: String) {
            while child.isRunning, !FileSystem.exists(folder.path(name)) { usleep(2000) }
        }
        wait(for: "ready")
        kill(child.id, number)
        wait(for: "signal-\(number)")
        #expect(child.isRunning)
        kill(child.id, number)
        #expect(child.waitForEnd() == .exit(128 + number))
    }
}
