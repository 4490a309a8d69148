import Fixtures
import Foundation
import Testing
import Training

@testable import Pipeline

/// What others do to a run's folder and inputs while it runs.
@Suite struct DisturbedRunTests {
    /// Runs up to a stage and expects that it fails.
    private func failure(
        of small: SmallPipeline, until last: String, observe: @escaping (RunEvent) -> Void
    ) throws -> PipelineError {
        do {
            try small.run(observe: observe, choosing: { $0.until = stage(last) })
        } catch let error as PipelineError {
            return error
        }
        throw Unexpected()
    }
    private struct Unexpected: Error {}

    @Test func twoRunsInOneFolderRefuseEachOther() throws {
        let small = try SmallPipeline()
        var refusals: [PipelineError] = []
        try small.run(
            observe: { event in
                guard case .step(_, _, _, let metrics) = event, metrics.step == 2 else { return }
                do {
                    try small.run(choosing: { $0.until = stage("trained") })
                } catch {
                    if let error = error as? PipelineError { refusals.append(error) }
                }
            }, choosing: { $0.until = stage("trained") })
        let text = try #require(refusals.first).description
        let host = try String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8).dropLast()
        let process = ProcessInfo.processInfo.processIdentifier
        for part in ["stage trained", "process \(process) on \(host)", "wait for it or stop it"] {
            #expect(text.contains(part), "\(text)")
        }
        #expect(refusals.count == 1)
        #expect(try small.run(choosing: { $0.until = stage("trained") }).values.allSatisfy { $0 == "cached" })
    }

    @Test func anArtifactThatIsDeletedUnderWayIsToldAndMadeAgain() throws {
        let small = try SmallPipeline()
        let error = try failure(of: small, until: "trained") { event in
            guard case .stageFinished(let id, _, _, _) = event, id == stage("packed") else { return }
            if let base = small.store.newest(of: stage("base")) {
                try? FileManager.default.removeItem(atPath: base.path)
            }
        }
        #expect(error.category == .data)
        #expect(
            error.description.contains("artifact of stage base") && error.description.contains("run again"), "\(error)")
        let again = try small.run(choosing: { $0.until = stage("trained") })
        #expect(again["base"]?.hasPrefix("ran") == true && again["packed"] == "cached")
    }

    @Test func aShardThatChangesUnderWayIsNotPackedUnderItsOldName() throws {
        let small = try SmallPipeline()
        let error = try failure(of: small, until: "packed") { event in
            guard case .stageStarted(let id, _, _, _, _, _) = event, id == stage("packed") else { return }
            let path = small.folder.path("words.jsonl")
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return }
            try? (text + "{\"text\": \"One more line that the plan has not seen.\"}\n").write(
                toFile: path, atomically: false, encoding: .utf8)
        }
        #expect(error.category == .data)
        for part in ["corpus.yaml", "changed while the stage read it", "run again"] {
            #expect(error.description.contains(part), "\(error)")
        }
        #expect(small.store.newest(of: stage("packed")) == nil)
        let again = try small.run(choosing: { $0.until = stage("packed") })
        #expect(again["packed"]?.hasPrefix("ran") == true)
        #expect(try small.run(choosing: { $0.until = stage("packed") })["packed"] == "cached")
    }
}
