import Evaluation
import Fixtures
import Foundation
import Statistics
import Testing
import Torch
import Training
import Transformer

@testable import Pipeline

@Suite(.serialized) struct QuantizeStageTests {
    private func file(_ small: SmallPipeline, _ stages: String) throws -> PipelineFile {
        try PipelineFile(text: small.text + "\n" + stages, path: small.folder.path("small.yaml"))
    }

    private static let bytes = """
          - id: bytes
            kind: quantize
            with: { from: trained, scheme: int8 }
        """

    @Test func aQuantisedModelIsSmallerAndScoresNearItsSource() throws {
        let small = try SmallPipeline()
        let stages =
            Self.bytes + """

                  - id: halves
                    kind: quantize
                    with: { from: cut, scheme: int4 }
                  - id: scores
                    kind: evaluate
                    with: { models: [trained, bytes, halves], data: packed, precision: float32, rows: 4 }
                """
        let file = try file(small, stages)
        let plan = try Planner(file: file, store: small.store).plan()
        let outlook = try #require(plan[stage("bytes")]).outlook
        #expect(outlook.quantization == .int8 && outlook.notes.first?.contains("as int8") == true)
        // The cut model's projections have 16 or 24 inputs, which no group divides: they stay bfloat16, and the plan says so.
        #expect(try #require(plan[stage("halves")]).outlook.notes.contains { $0.contains("stay bfloat16") })
        _ = try PipelineRun(
            file: file, runs: small.folder.path("runs"), options: RunOptions(), stop: StopFlag()
        ).run()
        let artifact = try #require(small.store.newest(of: stage("bytes")))
        let description = try ModelFolder.describe(artifact.file("model"))
        #expect(description.quantization == .int8 && !description.tokenizer.files.isEmpty)
        let size = ModelSize(description.architecture)
        #expect(artifact.record.facts["stored_bytes"] == .integer(size.quantizedBytes(.int8)))
        #expect(outlook.diskBytes == size.quantizedBytes(.int8))
        #expect(artifact.record.facts["groups"] == nil, "bytes have a scale per output channel")
        // The group of each projection of the cut model is stated, here that it has none.
        let halves = try #require(small.store.newest(of: stage("halves"))).record.facts["groups"]
        guard case .object(let groups)? = halves else { Issue.record("no groups"); return }
        #expect(groups.count == 7 && groups["model.layers.0.self_attn.q_proj.weight"] == .null, "\(groups)")
        let scores = try #require(small.store.newest(of: stage("scores")))
        let measured = try JSONDecoder().decode(
            Measurements.self, from: Data(contentsOf: URL(filePath: scores.file("measurements.json"))))
        #expect(measured.models[1].sizes?.storedBytes == size.quantizedBytes(.int8))
        #expect(measured.models[0].sizes?.storedBytes == size.bytes(.float32))
        let losses = measured.models.map { $0.domains?[0].rowSums.reduce(0, +) ?? 0 }
        #expect(losses[0] != losses[1] && abs(losses[0] - losses[1]) < 0.01 * losses[0])
    }

    @Test func onlyEvaluationsReadQuantisedModels() throws {
        let small = try SmallPipeline()
        for (kind, with, key) in [
            ("pretrain", "{ start: bytes, data: packed, steps: 1, batch_rows: 1, rate: 1.0e-3 }", "start"),
            (
                "prune",
                "{ start: bytes, data: packed, method: random, target: { layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 } }",
                "start"
            ),
            ("export", "{ model: bytes }", "model"), ("quantize", "{ from: bytes, scheme: int4 }", "from"),
        ] {
            let stages = Self.bytes + "\n  - { id: next, kind: \(kind), with: \(with) }"
            do {
                _ = try Planner(file: try file(small, stages), store: small.store).plan()
                Issue.record("\(kind) was planned")
            } catch let error as PipelineError {
                #expect("\(error)".contains("next.with.\(key)") && "\(error)".contains("quantised from"))
            }
        }
        for (settings, answer) in [
            ("scheme: int3", "int8"), ("scheme: int4, smoothing: { data: packed }", "rounds no activations"),
            ("scheme: int8, smoothing: { strength: 0.5 }", "'data' is missing"),
            ("scheme: int8, smoothing: { data: packed, strength: 2 }", "strength"),
        ] {
            do {
                _ = try file(small, "  - { id: bytes, kind: quantize, with: { from: trained, \(settings) } }")
                Issue.record("the file was read: \(settings)")
            } catch let error { #expect("\(error)".contains(answer)) }
        }
    }

    @Test func eachLayersGroupIsStated() throws {
        let small = try SmallPipeline()
        let file = try file(small, "  - { id: halves, kind: quantize, with: { from: trained, scheme: int4 } }")
        _ = try PipelineRun(
            file: file, runs: small.folder.path("runs"), options: RunOptions(), stop: StopFlag()
        ).run()
        let facts = try #require(small.store.newest(of: stage("halves"))).record.facts["groups"]
        guard case .object(let groups)? = facts else { Issue.record("no groups"); return }
        // Width 32 is one group; 48 neurons are divided by none.
        #expect(groups.count == 14 && groups["model.layers.1.self_attn.q_proj.weight"] == .integer(32))
        #expect(groups["model.layers.1.mlp.down_proj.weight"] == .null)
    }

    @Test func smoothingRunsOnPackedRowsAndIsCounted() throws {
        let small = try SmallPipeline()
        let file = try file(
            small,
            """
              - id: bytes
                kind: quantize
                with: { from: trained, scheme: int8, smoothing: { data: packed, calibration_batches: 2, calibration_rows: 3 } }
            """)
        let planned = try #require(Planner(file: file, store: small.store).plan()[stage("bytes")]).outlook
        _ = try PipelineRun(
            file: file, runs: small.folder.path("runs"), options: RunOptions(), stop: StopFlag()
        ).run()
        let artifact = try #require(small.store.newest(of: stage("bytes")))
        let trained = try #require(small.store.newest(of: stage("trained")))
        #expect((artifact.record.cost.tokens) > 0 && artifact.record.cost.tokens == planned.tokens)
        #expect(artifact.record.cost.floatingPointOperations == planned.floatingPointOperations)
        // The norms took the factors: they are not those of the source, and the model still is.
        let (smoothed, _) = try ModelFolder.load(artifact.file("model"), isFrozen: true)
        let (source, _) = try ModelFolder.load(trained.file("model"))
        let name = WeightTable.name(.feedForwardNorm, block: 0)
        let norms = try (
            #require(smoothed.parameter(named: name)).master, #require(source.parameter(named: name)).master.detached()
        )
        #expect(try !norms.0.to(.float32).isIdentical(to: norms.1.to(.bfloat16).to(.float32)))
    }
}
