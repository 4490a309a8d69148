import Fixtures
import Foundation
import Testing
import Torch

@testable import Transformer

/// Logits of tiny random models against those of transformers (`scripts/goldens/tiny_models.py`).
@Suite struct TinyModelParityTests {
    struct Golden {
        let architecture: Architecture
        let weights: [String: Tensor]
        let tokens: Tensor
        let logits: Tensor

        init(_ name: String) throws {
            let file = try SafetensorsFile(path: FixtureFiles.golden("tiny-\(name).safetensors"))
            let config = try JSONValue(parsing: Data(#require(file.metadata["config"]).utf8))
            architecture = try Architecture(huggingFaceConfig: config)
            var weights: [String: Tensor] = [:]
            for name in file.names where !name.hasPrefix("golden.") { weights[name] = try file.tensor(name) }
            self.weights = weights
            tokens = try file.tensor("golden.tokens")
            logits = try file.tensor("golden.logits")
        }
    }

    static let names = ["grouped", "multi-query", "biases", "wide-heads", "llama3", "linear"]

    @Test(arguments: names) func logitsEqualThoseOfTransformers(_ name: String) throws {
        let golden = try Golden(name)
        let model = try LanguageModel(golden.architecture, weights: golden.weights)
        let logits = try withoutGradients { try model.logits(model.hidden(golden.tokens)) }
        #expect(try relativeDifference(logits, golden.logits) < 2e-6)
    }

    @Test(arguments: names) func bfloat16LogitsAreNear(_ name: String) throws {
        let golden = try Golden(name)
        let model = try LanguageModel(golden.architecture, weights: golden.weights, computeDType: .bfloat16)
        let logits = try withoutGradients { try model.logits(model.hidden(golden.tokens)) }
        #expect(logits.dtype == .bfloat16)
        // Rounding grows in a few positions of such lively weights: measured over all, not at the worst.
        let difference = try (logits.to(.float32) - golden.logits).norm().item() / golden.logits.norm().item()
        #expect(difference < 0.05, "\(difference)")
    }

    @Test(arguments: names) func lossesAreThoseOfTheLogits(_ name: String) throws {
        let golden = try Golden(name)
        let model = try LanguageModel(golden.architecture, weights: golden.weights)
        let time = golden.tokens.shape[1]
        var targets = try golden.tokens.int64s()
        targets[3] = -1
        let targets_BT = try Tensor(targets, shape: [1, time])
        let losses = try model.rowLosses(model.hidden(golden.tokens), targets_BT)
        let expected = try golden.logits.crossEntropy(targets_BT, ignoring: -1).sum(over: [1])
        #expect(losses.shape == [1])
        #expect(losses.dtype == .float32)
        #expect(try relativeDifference(losses, expected) < 1e-5)
    }
}
