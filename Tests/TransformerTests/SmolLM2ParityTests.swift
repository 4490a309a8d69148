import Fixtures
import Foundation
import Testing
import Torch

@testable import Transformer

/// SmolLM2-135M against transformers in float32 (`scripts/goldens/smollm2.py`), from the Hugging Face folder and from
/// the GGUF file.
@Suite struct SmolLM2ParityTests {
    struct Golden: Decodable {
        struct Prompt: Decodable {
            let text: String
            let ids: [Int]
            let mean_next_token_loss: Double
            let last_logits_top8: [[Double]]
            let last_logits_first8: [Double]
            let hidden_l2_last_position: [Double]
            let greedy_16: [Int]
        }
        let prompts: [Prompt]
    }

    enum Source: String, CaseIterable, Sendable {
        case folder = "smollm2"
        case gguf = "smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    }

    @Test(arguments: Source.allCases) func everyValueEqualsThatOfTransformers(_ source: Source) throws {
        let golden = try JSONDecoder().decode(
            Golden.self, from: Data(contentsOf: URL(filePath: FixtureFiles.golden("smollm2-135m.json"))))
        #expect(golden.prompts.count == 6)
        let (model, description) = try ModelFolder.load(FixtureFiles.fetched(source.rawValue))
        #expect(model.architecture == ArchitectureTests.smollm2)
        #expect(model.architecture.parameterCount == 134_515_008)
        #expect(description.special == SpecialTokens(beginOfText: 1, endOfText: [2], padding: 2))
        for prompt in golden.prompts { try compare(model, prompt) }
    }

    private func compare(_ model: LanguageModel, _ prompt: Golden.Prompt) throws {
        let count = prompt.ids.count
        let tokens = try Tensor(prompt.ids, shape: [1, count])
        var norms: [Double] = []
        let (logits, loss) = try withoutGradients {
            let context = ForwardContext(observe: { (site, tensor) throws(TorchError) in
                switch site {
                case .embedding, .stream, .final: norms.append(try tensor.selected(1, count - 1).norm().item())
                default: break
                }
            })
            let hidden = try model.hidden(tokens, in: context)
            let targets = try Tensor(prompt.ids.dropFirst() + [-1], shape: [1, count])
            let loss = try model.rowLosses(hidden, targets).item() / Double(count - 1)
            return (try model.logits(hidden).selected(1, count - 1).floats(), loss)
        }
        #expect(abs(loss - prompt.mean_next_token_loss) < 1e-4)
        for pair in prompt.last_logits_top8 { #expect(abs(Double(logits[Int(pair[0])]) - pair[1]) < 2e-3) }
        for (id, value) in prompt.last_logits_first8.enumerated() { #expect(abs(Double(logits[id]) - value) < 2e-3) }
        let top = logits.indices.sorted { logits[$0] > logits[$1] }.prefix(8)
        #expect(Array(top) == prompt.last_logits_top8.map { Int($0[0]) })
        // The reference has the final norm in place of the last block's stream.
        norms.remove(at: norms.count - 2)
        #expect(norms.count == prompt.hidden_l2_last_position.count)
        for (found, expected) in zip(norms, prompt.hidden_l2_last_position) {
            #expect(abs(found - expected) < 2e-4 * expected + 1e-4)
        }
        #expect(try model.generate(after: prompt.ids, count: 16) == prompt.greedy_16)
    }

    @Test func bothSourcesGiveTheSameWeightsBitForBit() throws {
        let folder = try SafetensorsFolder(path: FixtureFiles.fetched("smollm2"))
        let source = try GGUFImport(path: FixtureFiles.fetched(Source.gguf.rawValue))
        let model = try source.model()
        for (name, tensor) in try model.weights() {
            #expect(try tensor.isIdentical(to: folder.tensor(name)), "\(name)")
        }
    }
}
