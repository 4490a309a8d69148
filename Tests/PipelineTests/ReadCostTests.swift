import Fixtures
import Report
import Testing
import Transformer

@testable import Pipeline

/// What goes through models beside the steps of training is counted, by hand.
@Suite(.serialized) struct ReadCostTests {
    private static let keys =
        "steps: 4, batch_rows: 2, rate: 1.0e-3, precision: float32, constraint: projected, mask_start: importance, "
        + "calibration_batches: 3, ramp_steps: 2, mask_rate: 0.1, evaluate_every: 2, evaluate_rows: 2, "
        + "mixture: { exhausted: repeat, dynamic: { reference: { measured: base }, at_start: true, cap: 1.0 } }"

    @Test(arguments: [
        ("learned", "{ layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 }"),
        ("cofi", "{ parameters: 38000 }"),
    ])
    func learnedMasksCountTheirCalibrationReferencesAndEvaluations(method: String, target: String) throws {
        var small = try SmallPipeline()
        small.more = """
              - id: sheared
                kind: prune
                with: { start: trained, data: packed, method: \(method), target: \(target), \(Self.keys) }
                runtime: { threads: 1, checkpoint_every: 2 }
            """
        try small.run(choosing: { $0.until = stage("sheared") })
        let sheared = try #require(small.store.newest(of: stage("sheared")))
        let source = try ModelFolder.architecture(#require(small.store.newest(of: stage("trained"))).modelPath)
        let carved = try ModelFolder.architecture(sheared.modelPath)
        let whole = CostModel(source).forwardFLOPsPerToken(sequenceLength: 16)
        let part = CostModel(carved).forwardFLOPsPerToken(sequenceLength: 16)
        let (steps, calibration, evaluation) = (4 * 2 * 16.0, 3 * 2 * 16.0, 2 * 16.0)
        // Evaluated before the first step and after the second and fourth; `base` once, and what was carved.
        let expected = (steps + calibration) * 3 * whole + (3 + 1) * evaluation * whole + evaluation * part
        #expect(abs(sheared.record.cost.floatingPointOperations - expected) < 1e-9 * expected)
        #expect(sheared.record.cost.tokens == Int(steps))
        #expect(sheared.record.facts["read_tokens"] == .integer(Int(calibration + 5 * evaluation)))
        #expect(LedgerStage(sheared.record).cost.readTokens == Int(calibration + 5 * evaluation))
    }

    @Test func recoveryAndSuperNetworksCountTheirEvaluations() throws {
        let small = try SmallPipeline.ofSuperNetwork(
            "space: { layers: [2, 3, 4], intermediate_sizes: [24, 48] }, calibration_batches: 2, steps: 2, "
                + "protected_layers: 1, evaluate_rows: 2",
            more: """
                  - id: again
                    kind: pretrain
                    with: { start: base, data: packed, steps: 5, batch_rows: 2, rate: 1.0e-3, precision: float32, evaluate_every: 2, evaluate_rows: 2 }
                    runtime: { threads: 1 }
                """)
        try small.run()
        let again = try #require(small.store.newest(of: stage("again"))).record
        let shape = try ModelFolder.architecture(#require(small.store.newest(of: stage("base"))).modelPath)
        let whole = CostModel(shape).forwardFLOPsPerToken(sequenceLength: 16)
        // After the second, fourth and fifth step, two rows each.
        #expect(again.facts["read_tokens"] == .integer(3 * 2 * 16))
        #expect(again.cost.floatingPointOperations == (5.0 * 2 * 16 * 3 + 3 * 2 * 16) * whole)
        // Calibration, the closing evaluation and the smallest part's.
        let elastic = try #require(small.store.newest(of: stage("elastic"))).record
        #expect(elastic.facts["read_tokens"] == .integer(2 * 2 * 16 + 2 * 2 * 16))
    }
}
