import Fixtures
import Testing
import Torch

@testable import Transformer

/// One token through all blocks in one call, against the blocks themselves.
@Suite struct FusedDecodingTests {
    /// The hidden states of a row of tokens, given one by one after the first `prompt` of them, which go at once.
    /// - Parameter byBlocks: whether the blocks run, which an observer asks for.
    private func decoded(
        _ model: LanguageModel, _ tokens: Tensor, prompt: Int = 1, view: SubNetworkView? = nil, byBlocks: Bool = false
    ) throws -> Tensor {
        let time = tokens.shape[1]
        let cache = KeyValueCache(capacity: time)
        let nothing: ForwardContext.Observer = { (_, _) throws(TorchError) in }
        let context = ForwardContext(view: view, cache: cache, observe: byBlocks ? nothing : nil)
        return try withoutGradients {
            var parts = [try model.hidden(tokens.narrowed(1, from: 0, count: prompt), in: context)]
            for position in prompt..<time {
                parts.append(try model.hidden(tokens.narrowed(1, from: position, count: 1), in: context))
            }
            #expect((cache.fused == nil) == byBlocks && cache.length == time)
            return try Tensor.concatenated(parts, axis: 1)
        }
    }

    /// Blocks of different shapes, one without attention and one without a feed-forward network, 0.5 M weights.
    private func uneven(_ dtype: DType, seed: UInt64 = 5) throws -> LanguageModel {
        var shape = TinyModel.architecture(
            layers: 4, hidden: 144, heads: 6, keyValueHeads: 2, headSize: 24, intermediate: 200, vocabulary: 90,
            tied: false, attentionBias: true, mlpBias: true)
        shape.blocks[1] = BlockShape(queryHeads: 0, keyValueHeads: 0, intermediateSize: 333)
        shape.blocks[2] = BlockShape(queryHeads: 3, keyValueHeads: 1, intermediateSize: 0)
        shape.ropeScaling = .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 64)
        // Large random weights would make the stream's rounding, not the kernels', decide: see `make`.
        let model = try TinyModel.make(shape, seed: seed)
        var weights: [String: Tensor] = [:]
        for (name, tensor) in try model.weights() {
            let scaled = tensor.rank == 2 ? try tensor * 0.3 : tensor
            weights[name] = try scaled.to(.bfloat16).to(.float32)
        }
        return try LanguageModel(shape, weights: weights, computeDType: dtype)
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>) func aTokenInOneCallIsTheTokenByBlocks(_ seed: UInt64) throws {
        let shape = TinyModel.randomArchitecture(seed: seed)
        let model = try TinyModel.make(shape, seed: seed)
        // Beyond one chunk of positions.
        let tokens = try TinyModel.tokens(shape, rows: 1, time: 70, seed: seed)
        let expected = try withoutGradients { try model.hidden(tokens) }
        #expect(try relativeDifference(decoded(model, tokens), expected) < 1e-5)
        #expect(try relativeDifference(decoded(model, tokens, prompt: 63), expected) < 1e-5)
    }

    @Test func blocksOfAllShapesErrNoMoreThanTheLibrary() throws {
        let exactModel = try uneven(.float64)
        let tokens = try TinyModel.tokens(exactModel.architecture, rows: 1, time: 130, seed: 3)
        let exact = try withoutGradients { try exactModel.hidden(tokens) }
        for dtype in [DType.float32, .bfloat16] {
            let model = try uneven(dtype)
            func error(byBlocks: Bool) throws -> Double {
                let found = try decoded(model, tokens, prompt: 20, byBlocks: byBlocks)
                #expect(found.dtype == dtype)
                return try (found.to(.float64) - exact).norm().item()
            }
            let (fused, library) = (try error(byBlocks: false), try error(byBlocks: true))
            let size = try exact.norm().item()
            #expect(fused <= 1.5 * library + 1e-7 * size, "\(dtype) \(fused) \(library)")
            #expect(library < size * (dtype == .float32 ? 1e-5 : 0.1), "\(dtype) \(library) \(size)")
        }
    }

    @Test func theBitsDoNotDependOnTheThreads() throws {
        let threads = Engine.threads
        for dtype in [DType.float32, .bfloat16] {
            let model = try uneven(dtype)
            let tokens = try TinyModel.tokens(model.architecture, rows: 1, time: 80, seed: 4)
            var results: [Tensor] = []
            for count in [1, 2, 3] {
                try Engine.setThreads(count)
                results.append(try decoded(model, tokens))
            }
            try Engine.setThreads(threads)
            #expect(try results[1].isIdentical(to: results[0]) && results[2].isIdentical(to: results[0]))
        }
    }

    @Test(arguments: [DType.float32, .bfloat16]) func bytesDecodeAsByBlocks(_ dtype: DType) throws {
        let model = try uneven(dtype).quantized(.int8)
        let tokens = try TinyModel.tokens(model.architecture, rows: 1, time: 40, seed: 6)
        // A rounding more or less of an activation to a byte is a step of 1/127.
        let difference = try relativeDifference(decoded(model, tokens), decoded(model, tokens, byBlocks: true))
        #expect(difference < (dtype == .float32 ? 0.03 : 0.1), "\(difference)")
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>) func aViewDecodesInOneCall(_ seed: UInt64) throws {
        let shape = TinyModel.randomArchitecture(seed: seed)
        let model = try TinyModel.make(shape, seed: seed)
        let tokens = try TinyModel.tokens(shape, rows: 1, time: 12, seed: seed)
        var view = SubNetworkView(all: shape)
        view.layers = view.layers.filter { $0 % 2 == 0 }
        view.intermediateSizes = view.intermediateSizes.enumerated().map { $0.offset == 2 ? 0 : $0.element / 2 }
        let expected = try withoutGradients { try model.hidden(tokens, in: ForwardContext(view: view)) }
        #expect(try relativeDifference(decoded(model, tokens, view: view), expected) < 1e-5)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>) func greedyTokensAreThoseOfTheBlocks(_ seed: UInt64) throws {
        let model = try uneven(.float32, seed: seed)
        let made = try model.generate(after: [3, 1, 4], count: 64)
        var sequence = [3, 1, 4]
        try withoutGradients {
            for _ in 0..<64 {
                let hidden = try model.hidden(Tensor(sequence, shape: [1, sequence.count]))
                let logits = try model.logits(hidden).selected(1, sequence.count - 1)
                sequence.append(Int(try logits.reshaped([-1]).argmax(over: 0).item()))
            }
        }
        #expect(made == Array(sequence.dropFirst(3)))
    }

    @Test func aStepSeesWeightsThatHaveChanged() throws {
        let model = try TinyModel.make()
        let tokens = try TinyModel.tokens(model.architecture, rows: 1, time: 5)
        let cache = KeyValueCache(capacity: 5)
        try withoutGradients {
            _ = try model.hidden(tokens.narrowed(1, from: 0, count: 1), in: ForwardContext(cache: cache))
            for parameter in model.parameters { try parameter.master.multiply(by: 0.5) }
            cache.clear()
            for position in 0..<5 {
                let found = try model.hidden(
                    tokens.narrowed(1, from: position, count: 1), in: ForwardContext(cache: cache))
                let whole = try model.hidden(tokens.narrowed(1, from: 0, count: position + 1))
                #expect(try relativeDifference(found, whole.narrowed(1, from: position, count: 1)) < 1e-5)
            }
            #expect(cache.fused != nil)
        }
    }

    @Test func whatItDoesNotKnowRunsByBlocks() throws {
        let model = try TinyModel.make()
        let shape = model.architecture
        func isFused(_ model: LanguageModel, rows: Int = 1, time: Int = 1, masks: LayerMasks? = nil) throws -> Bool {
            let cache = KeyValueCache(capacity: 2)
            _ = try withoutGradients {
                try model.hidden(
                    TinyModel.tokens(shape, rows: rows, time: time), in: ForwardContext(masks: masks, cache: cache))
            }
            return cache.fused != nil
        }
        #expect(try isFused(model))
        #expect(try !isFused(model, rows: 2) && !isFused(model, time: 2))
        #expect(try !isFused(model, masks: LayerMasks(hidden_H: Tensor.ones([shape.hiddenSize]))))
        #expect(try isFused(model.quantized(.int8)) && !isFused(model.quantized(.int4)))
        #expect(try !isFused(TinyModel.make(computeDType: .float64)))
        // A cache that is full says so, and one that served another batch goes on by blocks.
        let cache = KeyValueCache(capacity: 2)
        try withoutGradients {
            _ = try model.hidden(TinyModel.tokens(shape, rows: 1, time: 2), in: ForwardContext(cache: cache))
            let error = #expect(throws: TorchError.self) {
                try model.hidden(TinyModel.tokens(shape, rows: 1, time: 1), in: ForwardContext(cache: cache))
            }
            #expect(error?.message.contains("3 positions do not fit in a cache for 2") == true)
        }
    }
}
