import Files
import Fixtures
import Foundation
import Testing
import Torch

@testable import Training

/// Trains in a process of its own, which is killed at random moments.
@Suite(.serialized) struct KilledRunTests {
    private static let folderKey = "SHEARLING_TEST_KILLED_RUN"

    private func run() throws -> TinyRun {
        var run = try TinyRun()
        run.settings.steps = 400
        run.settings.checkpointEvery = 3
        return run
    }

    /// Not a test of its own: the process that is killed runs it.
    @Test func trainsUntilItIsKilled() throws {
        guard let folder = ProcessInfo.processInfo.environment[Self.folderKey] else { return }
        let run = try run()
        // TinyRun's own folder differs in each process; a link takes its place.
        try FileManager.default.createSymbolicLink(atPath: run.folder.path("run"), withDestinationPath: folder)
        try run.trainer(in: "run").run()
    }

    @Test func aKilledRunEndsWithTheSameBits() throws {
        let run = try run()
        let whole = try run.trainer(in: "whole")
        try whole.run()
        let target = run.folder.path("killed")
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        var random = RepeatableRandom(UInt64(getpid()))
        var kills = 0
        for attempt in 0..<30 {
            let child = try TestProcess("trainsUntilItIsKilled", environment: [Self.folderKey: target])
            // Wait for the first sign of this attempt's work, then kill somewhere in the next moments.
            let before = sizeOfLog(target)
            while child.isRunning, sizeOfLog(target) == before { usleep(2000) }
            if attempt < 4 {
                usleep(UInt32.random(in: 0...150_000, using: &random))
                if child.isRunning {
                    kill(child.id, SIGKILL)
                    kills += 1
                }
            }
            if child.waitForEnd() != .signal(SIGKILL) {
                #expect(child.waitForEnd() == .exit(0))
                break
            }
        }
        #expect(kills > 0)
        let finished = try run.trainer(in: "killed")
        #expect(finished.step == run.settings.steps)
        #expect(try bits(finished.model) == bits(whole.model))
    }

    private func sizeOfLog(_ folder: String) -> Int {
        (try? FileSystem.size(folder + "/metrics.jsonl")) ?? 0
    }
}
