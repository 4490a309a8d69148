import Fixtures
import Testing
import Torch

@testable import Transformer

@Suite struct LanguageModelTests {
    @Test func segmentsKeepDocumentsApart() throws {
        let model = try TinyModel.make()
        let tokens = try TinyModel.tokens(model.architecture, rows: 2, time: 10)
        let segments = try Tensor(
            [0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 5, 5, 5, 5, 5, 5, 5, 2, 2, 2] as [Int64], shape: [2, 10])
        let packed = try model.hidden(tokens, in: ForwardContext(segments: segments))
        // Rotary positions are relative: a segment gives what it gives alone.
        for (row, start, end) in [(0, 0, 4), (0, 4, 10), (1, 0, 7), (1, 7, 10)] {
            let alone = try model.hidden(tokens.sliced(0, from: row, to: row + 1).sliced(1, from: start, to: end))
            let part = try packed.sliced(0, from: row, to: row + 1).sliced(1, from: start, to: end)
            #expect(try relativeDifference(part, alone) < 1e-5)
        }
        #expect(throws: TorchError.self) {
            try model.hidden(tokens, in: ForwardContext(segments: segments.sliced(1, from: 0, to: 9)))
        }
    }

    @Test func laterTokensDoNotChangeEarlierOnes() throws {
        let model = try TinyModel.make()
        let tokens = try TinyModel.tokens(model.architecture, rows: 1, time: 12)
        let whole = try model.hidden(tokens).sliced(1, from: 0, to: 7)
        #expect(try relativeDifference(model.hidden(tokens.sliced(1, from: 0, to: 7)), whole) < 1e-5)
    }

    @Test func initialisationIsAFunctionOfTheSeed() throws {
        let shape = TinyModel.architecture(layers: 2, hidden: 64, headSize: 16, intermediate: 96, vocabulary: 300)
        let a = try LanguageModel(shape, initializedWith: 5)
        let b = try LanguageModel(shape, initializedWith: 5)
        let c = try LanguageModel(shape, initializedWith: 6)
        for (first, second) in zip(a.parameters, b.parameters) {
            #expect(try first.master.isIdentical(to: second.master))
        }
        #expect(try !a.embedding.master.isIdentical(to: c.embedding.master))
        func deviation(_ role: WeightRole) throws -> Double {
            let weight = try #require(a.parameter(named: WeightTable.name(role, block: role == .embedding ? nil : 1)))
                .master
            return try weight.norm().item() / Double(weight.elementCount).squareRoot()
        }
        #expect(abs(try deviation(.embedding) - 0.02) < 1e-3)
        #expect(abs(try deviation(.gate) - 0.02) < 1e-3)
        #expect(abs(try deviation(.down) - 0.01) < 5e-4)
        #expect(try a.finalNorm.weight.master.floats().allSatisfy { $0 == 1 })
    }

    @Test func theDownProjectionIsStoredTransposedAndNamedAsInHuggingFace() throws {
        let model = try TinyModel.make()
        let name = "model.layers.2.mlp.down_proj.weight"
        #expect(try #require(model.parameter(named: name)).shape == [48, 32])
        #expect(try #require(model.weights().first { $0.name == name }).tensor.shape == [32, 48])
        #expect(model.blocks[2].feedForward?.down.weight === model.parameter(named: name))
        #expect(model.parameters.map(\.name) == WeightTable(model.architecture).entries.map(\.name))
    }

    @Test func weightsOfWrongShapeMissingOrUnknownAreNamed() throws {
        let shape = TinyModel.architecture(layers: 1)
        let good = Dictionary(uniqueKeysWithValues: try TinyModel.make(shape).weights().map { ($0.name, $0.tensor) })
        let name = "model.layers.0.self_attn.k_proj.weight"
        func failure(_ change: (inout [String: Tensor]) throws -> Void) throws -> String {
            var weights = good
            try change(&weights)
            return try #require(
                #expect(throws: TransformerError.self) {
                    try LanguageModel(shape, weights: weights, source: "a.safetensors")
                }
            ).description
        }
        #expect(
            try failure { $0[name] = nil }
                == "a.safetensors: the tensor \(name) [16, 32] is missing; fetch the files again or correct config.json"
        )
        #expect(try failure { $0["extra"] = try Tensor.zeros([1]) }.contains("extra"))
        let wrong = try failure { $0[name] = try Tensor.zeros([32, 16]) }
        #expect(wrong == "a.safetensors: the tensor \(name) has shape [32, 16]; config.json asks for [16, 32]")
    }

    @Test func observersSeeEverySite() throws {
        let model = try TinyModel.make(TinyModel.architecture(layers: 1))
        var sites: [ActivationSite: [Int]] = [:]
        _ = try model.hidden(
            TinyModel.tokens(model.architecture),
            in: ForwardContext(observe: { (site, tensor) throws(TorchError) in
                sites[site] = tensor.shape
            }))
        #expect(
            sites == [
                .embedding: [2, 12, 32], .attentionInput(block: 0): [2, 12, 32], .context(block: 0): [2, 4, 12, 8],
                .feedForwardInput(block: 0): [2, 12, 32], .neurons(block: 0): [2, 12, 48],
                .stream(block: 0): [2, 12, 32],
                .final: [2, 12, 32],
            ])
    }
}
