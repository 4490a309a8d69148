import Fixtures
import Foundation
import Testing

@testable import Training

@Suite struct MetricsLogTests {
    private func lines(_ path: String) throws -> [[String: Any]] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private func metrics(_ step: Int, loss: Double = 2) -> StepMetrics {
        StepMetrics(step: step, tokens: step * 100, loss: loss, rates: ["weights": 1e-5], mixture: ["a \"b\"": 0.25])
    }

    @Test func aLineHasTheAgreedNames() throws {
        let folder = try TemporaryDirectory()
        let log = try MetricsLog(path: folder.path("m.jsonl"), stage: "sheared", resumingAt: -1)
        try log.append(metrics(1, loss: 1.0 / 3))
        let line = try #require(try lines(folder.path("m.jsonl")).first)
        #expect(line["step"] as? Int == 1 && line["tokens"] as? Int == 100 && line["stage"] as? String == "sheared")
        #expect(line["train/loss"] as? Double == 1.0 / 3 && line["train/lr"] as? Double == 1e-5)
        #expect(line["data/weight/a \"b\""] as? Double == 0.25 && line["ts"] is Double)
    }

    @Test func numbersThatAreNotFiniteAreLeftOut() throws {
        let folder = try TemporaryDirectory()
        let log = try MetricsLog(path: folder.path("m.jsonl"), stage: "s", resumingAt: -1)
        try log.append(metrics(1, loss: .nan))
        let line = try #require(try lines(folder.path("m.jsonl")).first)
        #expect(line["train/loss"] == nil && line["step"] as? Int == 1)
    }

    @Test func resumingDropsLaterStepsAndATornLine() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("m.jsonl")
        let first = try MetricsLog(path: path, stage: "s", resumingAt: -1)
        for step in 1...5 { try first.append(metrics(step)) }
        let file = try #require(FileHandle(forWritingAtPath: path))
        file.seekToEndOfFile()
        file.write(Data("{\"ts\":1,\"step\":2,\"tok".utf8))
        try file.close()
        let second = try MetricsLog(path: path, stage: "s", resumingAt: 3)
        for step in 4...6 { try second.append(metrics(step)) }
        #expect(try lines(path).map { $0["step"] as? Int } == [1, 2, 3, 4, 5, 6])
    }

    @Test func aNewRunForgetsAnAbandonedOne() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("m.jsonl")
        try MetricsLog(path: path, stage: "s", resumingAt: -1).append(metrics(1))
        try MetricsLog(path: path, stage: "s", resumingAt: -1).append(metrics(1))
        #expect(try lines(path).count == 1)
    }
}
