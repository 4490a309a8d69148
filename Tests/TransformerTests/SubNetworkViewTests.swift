import Fixtures
import Testing
import Torch

@testable import Transformer

/// A view computes what the model cut to it computes, and costs no copy of a weight.
@Suite struct SubNetworkViewTests {
    static let seeds: [UInt64] = [1, 2, 3, 4, 5, 6, 7, 8]

    /// A view of some blocks, at least one, with any widths, some of them 0.
    static func view(_ shape: Architecture, seed: UInt64) -> SubNetworkView {
        var random = RepeatableRandom(seed &* 31 &+ 7)
        var layers = shape.blocks.indices.filter { _ in Bool.random(using: &random) }
        if layers.isEmpty { layers = [Int.random(in: shape.blocks.indices, using: &random)] }
        let sizes = shape.blocks.map { block in
            Int.random(in: 0..<6, using: &random) == 0 ? 0 : Int.random(in: 1...block.intermediateSize, using: &random)
        }
        return SubNetworkView(layers: layers, intermediateSizes: sizes)
    }

    @Test(arguments: seeds) func theFullViewIsTheModelBitForBit(_ seed: UInt64) throws {
        let shape = TinyModel.randomArchitecture(seed: seed)
        let tokens = try TinyModel.tokens(shape, seed: seed)
        for dtype in [DType.float32, .bfloat16] {
            let model = try TinyModel.make(shape, seed: seed, computeDType: dtype)
            let whole = try model.logits(model.hidden(tokens))
            let viewed = try model.hidden(tokens, in: ForwardContext(view: SubNetworkView(all: shape)))
            #expect(try model.logits(viewed).isIdentical(to: whole))
        }
        #expect(shape.viewed(by: SubNetworkView(all: shape)) == shape)
    }

    @Test(arguments: seeds) func everyViewEqualsItsSlice(_ seed: UInt64) throws {
        let shape = TinyModel.randomArchitecture(seed: seed)
        let model = try TinyModel.make(shape, seed: seed)
        let tokens = try TinyModel.tokens(shape, seed: seed)
        for draw in 0..<4 as Range<UInt64> {
            let view = Self.view(shape, seed: seed * 10 + draw)
            let slice = try model.sliced(by: view)
            #expect(slice.architecture == shape.viewed(by: view))
            let expected = try slice.logits(slice.hidden(tokens))
            let found = try model.logits(model.hidden(tokens, in: ForwardContext(view: view)))
            #expect(try relativeDifference(found, expected) < 1e-5)
        }
    }

    @Test(arguments: seeds) func gradientsAreThoseOfTheSliceAndNoneElsewhere(_ seed: UInt64) throws {
        let shape = TinyModel.randomArchitecture(seed: seed)
        let view = Self.view(shape, seed: seed)
        let tokens = try TinyModel.tokens(shape, seed: seed)
        let small = try TinyModel.make(shape, seed: seed).sliced(by: view)
        try small.rowLosses(small.hidden(tokens), tokens).sum().backward()
        let plain = try TinyModel.make(shape, seed: seed)
        try plain.rowLosses(plain.hidden(tokens, in: ForwardContext(view: view)), tokens).sum().backward()
        let recomputed = try TinyModel.make(shape, seed: seed)
        let tape = CheckpointTape()
        let context = ForwardContext(view: view, checkpointing: tape)
        try recomputed.rowLosses(recomputed.hidden(tokens, in: context), tokens).sum().backward()
        try tape.backward()
        var expected: [String: (entry: WeightEntry, gradient: Tensor)] = [:]
        for (entry, parameter) in zip(WeightTable(small.architecture).entries, small.parameters) {
            let source = WeightTable.name(entry.role, block: entry.block.map { view.layers[$0] })
            expected[source] = (entry, try #require(parameter.gradient))
        }
        for model in [plain, recomputed] {
            for parameter in model.parameters {
                guard let (entry, wanted) = expected[parameter.name] else {
                    #expect(parameter.gradient == nil, "\(parameter.name) takes no part")
                    continue
                }
                let found = try #require(parameter.gradient)
                guard entry.axes.contains(.intermediate) else {
                    #expect(try relativeDifference(found, wanted) < 1e-4, "\(parameter.name)")
                    continue
                }
                let used = wanted.shape[0]
                #expect(try relativeDifference(found.narrowed(0, from: 0, count: used), wanted) < 1e-4)
                let unused = try found.sliced(0, from: used, to: found.shape[0])
                #expect(try unused.floats().allSatisfy { $0 == 0 }, "\(parameter.name)")
            }
        }
    }

    @Test(arguments: seeds) func decodingUnderAViewEqualsTheWholePass(_ seed: UInt64) throws {
        let shape = TinyModel.randomArchitecture(seed: seed)
        let model = try TinyModel.make(shape, seed: seed)
        let tokens = try TinyModel.tokens(shape, rows: 2, time: 9, seed: seed)
        let view = Self.view(shape, seed: seed)
        try withoutGradients {
            let whole = try model.hidden(tokens, in: ForwardContext(view: view))
            let context = ForwardContext(view: view, cache: KeyValueCache(capacity: 9))
            var parts: [Tensor] = []
            for (start, end) in [(0, 5), (5, 7), (7, 8), (8, 9)] {
                parts.append(try model.hidden(tokens.sliced(1, from: start, to: end), in: context))
            }
            #expect(try relativeDifference(Tensor.concatenated(parts, axis: 1), whole) < 1e-5)
        }
    }

    @Test func aCacheServesOneViewUntilItIsCleared() throws {
        let model = try TinyModel.make()
        let tokens = try TinyModel.tokens(model.architecture, time: 2)
        let cache = KeyValueCache(capacity: 8)
        let view = SubNetworkView(layers: [0, 3], intermediateSizes: [48, 48, 48, 8])
        try withoutGradients {
            _ = try model.hidden(tokens, in: ForwardContext(view: view, cache: cache))
            let error = #expect(throws: TorchError.self) { try model.hidden(tokens, in: ForwardContext(cache: cache)) }
            #expect(error?.message.contains("another view") == true)
            cache.clear()
            _ = try model.hidden(tokens, in: ForwardContext(cache: cache))
        }
    }

    @Test func aViewAndMasksActTogether() throws {
        let model = try TinyModel.make()
        let shape = model.architecture
        let tokens = try TinyModel.tokens(shape)
        let view = SubNetworkView(layers: [0, 2, 3], intermediateSizes: [20, 48, 0, 48])
        var masks = try MaskTests.masks(shape, seed: 2)
        masks.layers_L = nil
        let found = try model.hidden(tokens, in: ForwardContext(masks: masks, view: view))
        let rows = try Tensor([0, 2, 3] as [Int64], shape: [3])
        masks.heads_LQ = try masks.heads_LQ?.indexSelected(0, rows)
        masks.intermediate_LM = try masks.intermediate_LM?.indexSelected(0, rows)
        let slice = try model.sliced(by: view)
        #expect(try relativeDifference(found, slice.hidden(tokens, in: ForwardContext(masks: masks))) < 1e-5)
    }

    @Test func aPrefixOfNeuronsIsThePlainMemoryOfTheWeight() throws {
        let model = try TinyModel.make()
        let feedForward = try #require(model.blocks[1].feedForward)
        for linear in [feedForward.gate, feedForward.up, feedForward.down] {
            let weight = try #require(linear.weight)
            let part = try weight.value.detached().narrowed(0, from: 0, count: 7)
            #expect(weight.shape == [48, 32] && part.isContiguous)
            try part.copy(from: Tensor.zeros([7, 32]))
            #expect(try weight.master.floats().prefix(7 * 32).allSatisfy { $0 == 0 })
        }
    }

    @Test func viewsThatDoNotFitAreRefused() throws {
        let model = try TinyModel.make()
        let tokens = try TinyModel.tokens(model.architecture)
        let full = SubNetworkView(all: model.architecture)
        let bad: [(SubNetworkView, String)] = [
            (SubNetworkView(layers: [0, 4], intermediateSizes: full.intermediateSizes), "names block 4"),
            (SubNetworkView(layers: [2, 1], intermediateSizes: full.intermediateSizes), "must ascend"),
            (SubNetworkView(layers: [1, 1], intermediateSizes: full.intermediateSizes), "must ascend"),
            (SubNetworkView(layers: [0], intermediateSizes: [48, 48, 48]), "3 intermediate sizes for 4 blocks"),
            (SubNetworkView(layers: [0], intermediateSizes: [49, 48, 48, 48]), "uses 49 neurons of block 0"),
            (SubNetworkView(layers: [0], intermediateSizes: [48, 48, -1, 48]), "uses -1 neurons of block 2"),
        ]
        for (view, words) in bad {
            let run = #expect(throws: TorchError.self) { try model.hidden(tokens, in: ForwardContext(view: view)) }
            #expect(run?.message.contains(words) == true, "\(words)")
            let cut = #expect(throws: TransformerError.self) { try model.sliced(by: view) }
            #expect(cut?.description.contains(words) == true, "\(words)")
        }
    }
}
