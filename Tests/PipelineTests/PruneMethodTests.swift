import Fixtures
import Foundation
import Shearing
import Testing
import Torch
import Training
import Transformer

@testable import Pipeline

@Suite struct PruneMethodTests {
    /// Each method without training with a target, on the small pipeline's model of 2 layers, width 32, 2 heads and 48
    /// neurons.
    static let cuts: [(method: String, more: [String])] = [
        ("oneshot", ["cut.target={ layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 }"]),
        ("minitron", ["cut.target={ layers: 2, hidden_size: 24, heads: 1, intermediate_size: 40 }"]),
        (
            "minitron",
            ["cut.target={ layers: 2, hidden_size: 32, heads: 1, intermediate_size: 48 }", "cut.fold_residue=true"]
        ),
        ("shortgpt", ["cut.target={ layers: 1 }"]),
        ("random_shape", ["cut.target={ parameters: 30000 }"]),
    ]

    @Test(arguments: cuts.indices) func aCutHasThePlannedShapeAndCost(_ index: Int) throws {
        let small = try SmallPipeline()
        let overrides = ["cut.method=\(Self.cuts[index].method)"] + Self.cuts[index].more
        let planned = try #require(try small.plan(overrides)[stage("cut")]).outlook
        try small.run(overrides, choosing: { $0.until = stage("cut") })
        let artifact = try #require(small.store.newest(of: stage("cut")))
        #expect(try ModelFolder.architecture(artifact.file("model")) == planned.architecture)
        #expect(artifact.record.cost.floatingPointOperations == planned.floatingPointOperations)
        #expect(artifact.record.cost.tokens == planned.tokens)
        if Self.cuts[index].method == "random_shape" {
            let count = try #require(planned.architecture).parameterCount
            #expect(abs(count - 30000) <= 300, "\(count)")
            let other = try #require(try small.plan(overrides + ["cut.seed=9"])[stage("cut")]).outlook
            #expect(other.architecture != planned.architecture)
        }
    }

    /// ShortGPT takes away the layer that changes the stream least and leaves the others as they are.
    @Test func shortgptKeepsWholeLayers() throws {
        let small = try SmallPipeline()
        try small.run(
            ["cut.method=shortgpt", "cut.target={ layers: 1 }"], choosing: { $0.until = stage("cut") })
        let before = try ModelFolder.load(try #require(small.store.newest(of: stage("trained"))).file("model")).model
        let after = try ModelFolder.load(try #require(small.store.newest(of: stage("cut"))).file("model")).model
        let candidates = try (0..<2).map { layer in
            try after.weights().allSatisfy { name, tensor in
                let source = name.replacing("layers.0.", with: "layers.\(layer).")
                guard let found = try before.weights().first(where: { $0.name == source }) else { return false }
                return try found.tensor.isIdentical(to: tensor)
            }
        }
        #expect(candidates.contains(true))
    }

    /// Masks that a run leaves undecided are carved all the same: the run says how far they came, and what would help.
    @Test(arguments: [true, false]) func masksThatDoNotArriveAreToldWithARemedy(arrive: Bool) throws {
        let small = try SmallPipeline()
        let how = arrive ? "constraint: projected, mask_start: importance" : "constraint: lagrangian, mask_rate: 0.01"
        let learned =
            "{ start: trained, data: packed, target: { layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 }, "
            + "steps: 4, batch_rows: 2, rate: 1.0e-3, ramp_steps: 2, calibration_batches: 1, \(how) }"
        let text = small.text.replacing(
            "{ start: trained, data: packed, method: random, target: { layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 } }",
            with: learned)
        let file = try PipelineFile(text: text, path: small.folder.path("small.yaml"))
        var options = RunOptions()
        options.until = stage("cut")
        var notes: [String] = []
        _ = try PipelineRun(
            file: file, runs: small.folder.path("runs"), options: options, stop: StopFlag(),
            observe: { event in if case .note(let id, let text) = event, id.name == "cut" { notes.append(text) } }
        ).run()
        #expect(notes.contains { $0.contains("hidden 0.") && $0.contains("layer 0.") && $0.contains("undecided") })
        let alarms = notes.filter { $0.contains("did not converge") && $0.contains("mask_rate") }
        #expect(alarms.count == (arrive ? 0 : 1), "\(notes)")
    }

    /// Learned to a size, resumed in between, then trained on and measured.
    @Test func aModelOfUnlikeLayersIsTrainedAndMeasured() throws {
        let small = try SmallPipeline()
        let rest = """
              - id: recovered
                kind: pretrain
                with: { start: cut, data: packed, steps: 3, batch_rows: 2, rate: 1.0e-3, distill: { teacher: trained } }
                runtime: { threads: 1 }
              - id: scores
                kind: evaluate
                with: { models: [trained, cut, recovered], data: packed }
            """
        let before = small.text.components(separatedBy: "  - id: exported")[0]
        let learned =
            "{ start: trained, data: packed, method: cofi, target: { parameters: 38000 }, steps: 12, batch_rows: 2, rate: 1.0e-3, constraint: projected, mask_start: importance, mask_rate: 0.3, ramp_steps: 6 }"
        let text =
            before.replacing(
                "{ start: trained, data: packed, method: random, target: { layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 } }",
                with: learned + "\n    runtime: { threads: 1, checkpoint_every: 2 }") + rest
        let file = try PipelineFile(text: text, path: small.folder.path("small.yaml"))
        let plan = try Planner(file: file, store: small.store).plan()
        let planned = try #require(plan[stage("cut")]).outlook
        #expect((30000...38000).contains(try #require(planned.architecture).parameterCount))
        #expect(planned.notes.contains { $0.contains("38000 parameters") })
        let stop = StopFlag()
        #expect(throws: PipelineError.self) {
            try PipelineRun(
                file: file, runs: small.folder.path("runs"), options: RunOptions(), stop: stop,
                observe: { event in
                    if case .step(let id, _, _, let metrics) = event, id.name == "cut", metrics.step == 1 {
                        stop.raise()
                    }
                }
            ).run()
        }
        stop.lower()
        _ = try PipelineRun(
            file: file, runs: small.folder.path("runs"), options: RunOptions(), stop: stop, observe: { _ in }
        ).run()
        let cut = try #require(small.store.newest(of: stage("cut")))
        let architecture = try ModelFolder.architecture(cut.file("model"))
        #expect((37620...38000).contains(architecture.parameterCount))
        #expect(
            cut.record.cost.attempts == 2 && cut.record.facts["parameters"] == .integer(architecture.parameterCount))
        let recovered = try #require(small.store.newest(of: stage("recovered")))
        #expect(try ModelFolder.architecture(recovered.file("model")) == architecture)
        let report = try JSONDecoder().decode(
            CoFiReport.self, from: Data(contentsOf: URL(filePath: cut.file("convergence.json"))))
        #expect(report.step == 12 && abs(report.expected - report.target) < 1e-4)
        #expect(report.table.split(separator: "\n").count == 7 && report.table.contains("feed_forward"))
        // Planned anew, the artifact says what the plan could only count with.
        let again = try Planner(file: file, store: small.store).plan()
        #expect(again[stage("cut")]?.outlook.architecture == architecture)
        #expect(again[stage("recovered")]?.outlook.architecture == architecture)
    }

    @Test func theTargetsFormIsTheMethods() {
        func message(_ method: String, _ target: String) -> String {
            let text = soundText.replacing(
                "{ layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 }", with: target
            )
            .replacing("      target:", with: "      method: \(method)\n      target:")
            return problems(text).filter { !$0.reason.contains("has no meaning") }.map(\.description)
                .joined(separator: "\n")
        }
        #expect(message("shortgpt", "{ layers: 1 }").isEmpty)
        #expect(message("shortgpt", "{ layers: 1, hidden_size: 16 }").contains("unknown key 'hidden_size'"))
        #expect(message("shortgpt", "sheared-llama-1.3b").contains("mapping is wanted"))
        #expect(message("random_shape", "{ layers: 1 }").contains("'parameters' is missing"))
        #expect(message("cofi", "{ parameters: 100 }").isEmpty)
        #expect(message("cofi", "{ parameters: 100 }\n      stop_when_frozen: 3").contains("only with method: learned"))
        #expect(message("minitron", "{ layers: 1 }").contains("'hidden_size' is missing"))
        #expect(
            message(
                "oneshot", "{ layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 }\n      fold_residue: true"
            )
            .contains("only with method: minitron"))
    }

    @Test func aSizeThatNoShapeHasIsAProblemOfThePlan() throws {
        let small = try SmallPipeline()
        #expect {
            try small.plan(["cut.method=random_shape", "cut.target={ parameters: 3000 }"])
        } throws: {
            "\($0)".contains("cut.with.target") && "\($0)".contains("3000 parameters within 1%")
        }
        let learned =
            "{ start: trained, data: packed, method: cofi, target: { parameters: 90000 }, steps: 2, batch_rows: 2, rate: 1.0e-3 }"
        let cut =
            "{ start: trained, data: packed, method: random, target: { layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 } }"
        let file = try PipelineFile(text: small.text.replacing(cut, with: learned), path: "small.yaml")
        #expect { try Planner(file: file, store: small.store).plan() } throws: { "\($0)".contains("not fewer than") }
    }
}
