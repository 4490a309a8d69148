import Fixtures
import Foundation
import Testing
import Torch

@testable import Training

@Suite struct ResumeTests {
    /// The losses by step that `metrics.jsonl` holds.
    private func losses(_ run: TinyRun, _ name: String) throws -> [Int: Double] {
        let text = try String(contentsOfFile: run.folder.path("\(name)/metrics.jsonl"), encoding: .utf8)
        var losses: [Int: Double] = [:]
        for line in text.split(separator: "\n") {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            let step = try #require(object["step"] as? Int)
            #expect(losses[step] == nil, "step \(step) stands twice")
            losses[step] = object["train/loss"] as? Double
        }
        return losses
    }

    @Test(arguments: [DType.float32, .bfloat16], [[5], [3, 4], [1, 8, 11]])
    func aRunInPiecesEndsWithTheSameBits(dtype: DType, stops: [Int]) throws {
        var run = try TinyRun()
        run.computeDType = dtype
        run.settings.microBatchRows = 2
        let whole = try run.trainer(in: "whole")
        #expect(try whole.run() == .reached)
        for last in stops + [run.settings.steps] {
            let piece = try run.trainer(in: "pieces")
            try piece.run(until: last)
            #expect(piece.step == last)
        }
        let resumed = try run.trainer(in: "pieces")
        #expect(resumed.step == run.settings.steps && resumed.tokens == whole.tokens)
        #expect(try bits(resumed.model) == bits(whole.model))
        #expect(resumed.mixture == whole.mixture && resumed.evaluation == whole.evaluation)
        #expect(try losses(run, "pieces") == losses(run, "whole"))
    }

    @Test func anEvaluationBeforeTheFirstStepIsMadeOnce() throws {
        var run = try TinyRun()
        run.settings.evaluateFirst = true
        let whole = try run.trainer(in: "whole")
        try whole.run()
        #expect(whole.mixture?.updates == 5)
        try run.trainer(in: "pieces").run(until: 0)
        try run.trainer(in: "pieces").run(until: 7)
        let resumed = try run.trainer(in: "pieces")
        try resumed.run()
        #expect(try bits(resumed.model) == bits(whole.model))
        #expect(try losses(run, "pieces").count == run.settings.steps)
    }

    @Test func aRaisedFlagStopsAfterACheckpointAndTheRunGoesOn() throws {
        let run = try TinyRun()
        let whole = try run.trainer(in: "whole")
        try whole.run()
        let stopped = try run.trainer(in: "pieces")
        let end = try stopped.run { (metrics) throws(TrainingError) in if metrics.step == 5 { run.stop.raise() } }
        #expect(end == .stopped(signal: nil) && stopped.step == 5)
        run.stop.lower()
        let resumed = try run.trainer(in: "pieces")
        #expect(resumed.step == 5)
        try resumed.run()
        #expect(try bits(resumed.model) == bits(whole.model))
    }

    @Test func aDamagedNewestCheckpointCostsOnlyTime() throws {
        let run = try TinyRun()
        let whole = try run.trainer(in: "whole")
        try whole.run()
        try run.trainer(in: "pieces").run(until: 9)
        let newest = run.folder.path("pieces/checkpoints/step-00000009/optimizer.safetensors")
        #expect(truncate(newest, 1000) == 0)
        var warnings: [String] = []
        let resumed = try run.trainer(in: "pieces") { warnings.append($0) }
        #expect(resumed.step == 8 && warnings.count == 1 && warnings[0].contains("optimizer.safetensors"))
        try resumed.run()
        #expect(try bits(resumed.model) == bits(whole.model))
        #expect(try losses(run, "pieces") == losses(run, "whole"))
    }

    @Test func runtimeSettingsMayChangeInBetween() throws {
        var run = try TinyRun()
        try run.trainer(in: "run").run(until: 4)
        run.settings.keepLast = 5
        run.settings.checkpointEvery = nil
        run.settings.recomputesBlocks = true
        #expect(try run.trainer(in: "run").step == 4)
    }

    @Test func anotherRunsCheckpointIsRefusedAndKept() throws {
        var run = try TinyRun()
        try run.trainer(in: "run").run(until: 4)
        run.settings.peakRate = 1e-3
        #expect { try run.trainer(in: "run") } throws: {
            "\($0)".contains("peak rate is 0.003") && "\($0)".contains("0.001")
        }
        run.settings.peakRate = 3e-3
        #expect(try run.trainer(in: "run").step == 4)
    }
}
