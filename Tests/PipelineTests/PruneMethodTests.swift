import Fixtures
import Shearing
import Testing
import Torch
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
    }
}
