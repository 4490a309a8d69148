import Fixtures
import Testing
import Torch

@testable import Transformer

/// Where masks act, written out with plain operations: the places of Sheared-LLaMA (arXiv 2310.06694, section 2.1) and
/// of its authors' `llmshearing/models/composer_llama.py`, the norm over alive channels included.
@Suite struct MaskTests {
    static let seeds: [UInt64] = [1, 2, 3, 4, 5, 6]

    /// Soft masks with some exact zeros; at least one dead layer when there are several.
    static func masks(_ shape: Architecture, seed: UInt64, ones: Bool = false) throws -> LayerMasks {
        var random = RepeatableRandom(seed)
        func values(_ count: Int) -> [Float] {
            (0..<count).map { _ in
                ones ? 1 : Float.random(in: 0...1, using: &random) < 0.3 ? 0 : Float.random(in: 0.2...1, using: &random)
            }
        }
        let layers = shape.blocks.count
        var alive = values(layers)
        if !ones, layers > 1 { alive[Int.random(in: 0..<layers, using: &random)] = 0 }
        var hidden = values(shape.hiddenSize)
        hidden[0] = 1
        return try LayerMasks(
            hidden_H: Tensor(hidden),
            heads_LQ: Tensor(values(layers * shape.widestQueryHeads), shape: [layers, shape.widestQueryHeads]),
            intermediate_LM: Tensor(
                values(layers * shape.widestIntermediate), shape: [layers, shape.widestIntermediate]),
            layers_L: Tensor(alive))
    }

    /// The forward pass under masks, one plain operation at a time; keys and values repeated for grouped heads.
    private func reference(_ model: LanguageModel, _ tokens: Tensor, _ masks: LayerMasks) throws -> Tensor {
        let shape = model.architecture
        let weights = Dictionary(uniqueKeysWithValues: try model.weights().map { ($0.name, $0.tensor) })
        let hidden = try #require(masks.hidden_H)
        func weight(_ role: WeightRole, _ block: Int? = nil) throws -> Tensor {
            try #require(weights[WeightTable.name(role, block: block)])
        }
        func project(_ x: Tensor, _ role: WeightRole, _ bias: WeightRole, _ block: Int) throws -> Tensor {
            let product = try x.matmul(weight(role, block).transposed(0, 1))
            guard let offset = weights[WeightTable.name(bias, block: block)] else { return product }
            return try product + offset
        }
        func norm(_ x: Tensor, _ gain: Tensor) throws -> Tensor {
            let kept = try hidden.notEqual(to: 0).to(.float32)
            let mean = try (x.squared() * kept).sum(over: [-1], keepingAxes: true) / kept.sum()
            return try x * (mean + shape.normEpsilon).rsqrt() * gain * hidden
        }
        let (rows, time) = (tokens.shape[0], tokens.shape[1])
        let half = shape.headSize / 2
        let frequencies = RopeScaling.inverseFrequencies(headSize: shape.headSize, theta: shape.ropeTheta, scaling: nil)
        let angles =
            try Tensor.arange(0, time).to(.float32).reshaped([time, 1]) * Tensor(frequencies, shape: [1, half])
        func rotate(_ x: Tensor) throws -> Tensor {
            let (a, b) = (try x.sliced(-1, from: 0, to: half), try x.sliced(-1, from: half, to: 2 * half))
            return try Tensor.concatenated(
                [a * angles.cos() - b * angles.sin(), b * angles.cos() + a * angles.sin()], axis: -1)
        }
        let future = try Tensor.full([time, time], -1e30).upperTriangle(diagonal: 1)
        var x = try weight(.embedding).indexSelected(0, tokens.reshaped([-1])).reshaped([rows, time, shape.hiddenSize])
        for (layer, block) in shape.blocks.enumerated() {
            let alive = try #require(masks.layers_L).sliced(0, from: layer, to: layer + 1)
            if block.hasAttention {
                let h = try norm(x, weight(.attentionNorm, layer))
                func heads(_ role: WeightRole, _ bias: WeightRole, _ count: Int) throws -> Tensor {
                    try project(h, role, bias, layer).reshaped([rows, time, count, shape.headSize]).permuted([
                        0, 2, 1, 3,
                    ])
                }
                let q = try rotate(heads(.query, .queryBias, block.queryHeads))
                let k = try rotate(heads(.key, .keyBias, block.keyValueHeads)).repeatInterleaved(block.groupSize, 1)
                let v = try heads(.value, .valueBias, block.keyValueHeads).repeatInterleaved(block.groupSize, 1)
                let scores = try q.matmul(k.transposed(2, 3)) * (1 / Double(shape.headSize).squareRoot()) + future
                let z = try #require(masks.heads_LQ).selected(0, layer).sliced(0, from: 0, to: block.queryHeads)
                let context = try scores.softmax().matmul(v) * z.reshaped([1, block.queryHeads, 1, 1])
                let y = try project(
                    context.permuted([0, 2, 1, 3]).reshaped([rows, time, -1]), .output, .outputBias, layer)
                x = try x + y * alive * hidden
            }
            if block.hasFeedForward {
                let h = try norm(x, weight(.feedForwardNorm, layer))
                let z = try #require(masks.intermediate_LM).selected(0, layer).sliced(
                    0, from: 0, to: block.intermediateSize)
                let gate = try project(h, .gate, .gateBias, layer)
                let inner = try gate * gate.sigmoid() * (project(h, .up, .upBias, layer) * z)
                x = try x + project(inner, .down, .downBias, layer) * alive * hidden
            }
        }
        return try norm(x, weight(.finalNorm))
    }

    @Test(arguments: seeds) func masksActWhereTheReferencePutsThem(_ seed: UInt64) throws {
        let shape = TinyModel.randomArchitecture(seed: seed)
        let model = try TinyModel.make(shape, seed: seed)
        let tokens = try TinyModel.tokens(shape, seed: seed)
        let masks = try Self.masks(shape, seed: seed)
        let (found, expected) = try withoutGradients {
            (try model.hidden(tokens, in: ForwardContext(masks: masks)), try reference(model, tokens, masks))
        }
        #expect(try relativeDifference(found, expected) < 1e-5)
    }

    @Test func blocksThatDifferReadPrefixesOfTheirRows() throws {
        var shape = TinyModel.architecture(layers: 3)
        shape.blocks = [
            BlockShape(queryHeads: 2, keyValueHeads: 1, intermediateSize: 20),
            BlockShape(queryHeads: 0, keyValueHeads: 0, intermediateSize: 31),
            BlockShape(queryHeads: 6, keyValueHeads: 3, intermediateSize: 0),
        ]
        let model = try TinyModel.make(shape)
        let tokens = try TinyModel.tokens(shape)
        let masks = try Self.masks(shape, seed: 9)
        let found = try model.hidden(tokens, in: ForwardContext(masks: masks))
        #expect(try relativeDifference(found, reference(model, tokens, masks)) < 1e-5)
    }

    @Test(arguments: seeds) func masksOfOneChangeNothing(_ seed: UInt64) throws {
        let shape = TinyModel.randomArchitecture(seed: seed)
        let model = try TinyModel.make(shape, seed: seed)
        let tokens = try TinyModel.tokens(shape, seed: seed)
        let masked = try model.hidden(tokens, in: ForwardContext(masks: Self.masks(shape, seed: seed, ones: true)))
        #expect(try relativeDifference(masked, model.hidden(tokens)) < 1e-6)
    }

    @Test func deadLayersAreSkippedOnlyWithoutGradientsAndChangeNothing() throws {
        let model = try TinyModel.make()
        let tokens = try TinyModel.tokens(model.architecture)
        let masks = try Self.masks(model.architecture, seed: 3)
        let dead = try #require(masks.layers_L).floats().enumerated().filter { $0.element == 0 }.map(\.offset)
        #expect(!dead.isEmpty)
        func run(_ skips: Bool?) throws -> (Tensor, [Int]) {
            var seen: [Int] = []
            let context = ForwardContext(masks: masks, skipsDeadLayers: skips) { (site, _) throws(TorchError) in
                if case .stream(let block) = site { seen.append(block) }
            }
            return (try model.hidden(tokens, in: context), seen)
        }
        let (whole, all) = try run(nil)
        let (short, some) = try withoutGradients { try run(nil) }
        let (kept, forced) = try withoutGradients { try run(false) }
        #expect(all == [0, 1, 2, 3] && forced == all)
        #expect(some == all.filter { !dead.contains($0) })
        #expect(try short.isIdentical(to: kept))
        #expect(try relativeDifference(short, whole) < 1e-6)
    }

    @Test func everyFamilyReceivesGradients() throws {
        let model = try TinyModel.make(TinyModel.architecture(tied: false))
        let tokens = try TinyModel.tokens(model.architecture)
        let masks = try Self.masks(model.architecture, seed: 4)
        for mask in masks.tensors { try mask.setRequiresGradient(true) }
        try model.rowLosses(model.hidden(tokens, in: ForwardContext(masks: masks)), tokens).sum().backward()
        for mask in masks.tensors {
            let gradient = try #require(mask.gradient)
            #expect(try gradient.isFinite())
            #expect(try gradient.norm().item() > 0)
        }
        // Under its own mask of 0 a layer's weights get none, its mask does.
        let layers = try #require(masks.layers_L)
        #expect(try #require(layers.gradient).floats().allSatisfy { $0 != 0 })
    }

    @Test func maskedForwardRunsInBfloat16() throws {
        let tokens = try TinyModel.tokens(TinyModel.architecture())
        let masks = try Self.masks(TinyModel.architecture(), seed: 5)
        let exact = try TinyModel.make().hidden(tokens, in: ForwardContext(masks: masks))
        let rounded = try TinyModel.make(computeDType: .bfloat16).hidden(tokens, in: ForwardContext(masks: masks))
        #expect(rounded.dtype == .bfloat16)
        #expect(try relativeDifference(rounded, exact) < 0.08)
    }
}
