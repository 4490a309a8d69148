import Corpus
import Testing
import Torch
import Transformer

@testable import Shearing

/// Training without what masks make 0 is training with it.
@Suite struct LiveModelTests {
    /// Half of all factors are 0, a sixth are 1, in any pattern: groups keep different numbers of heads, layers none.
    private struct Factors {
        var tensors: [MaskFamily: Tensor] = [:]

        init(_ source: Architecture, seed: UInt64) throws {
            let generator = try RandomGenerator(seed: seed)
            let layers = source.blocks.count
            for (family, shape, low) in [
                (MaskFamily.hidden, [source.hiddenSize], -1.5), (.heads, [layers, source.widestQueryHeads], -1.5),
                (.intermediate, [layers, source.widestIntermediate], -1.5), (.layer, [layers], -0.5),
            ] {
                let leaf = try Tensor.uniform(shape, low: low, high: 1.5, generator: generator)
                try leaf.setRequiresGradient(true)
                tensors[family] = leaf
            }
        }

        /// As hard concrete clamps them.
        func masks() throws -> LayerMasks {
            var clamped: [MaskFamily: Tensor] = [:]
            for (family, tensor) in tensors { clamped[family] = try tensor.clamped(min: 0, max: 1) }
            return LayerMasks(clamped)
        }
    }

    /// Loss and gradients by name, of the weights and of the factors.
    private static func pass(
        _ model: LanguageModel, _ factors: Factors, isLive: Bool, recomputes: Bool = false
    ) throws -> (loss: Float, gradients: [String: [Float]]) {
        let masks = try factors.masks()
        let live = isLive ? try LiveModel(of: model, under: masks, ifBelow: 1) : nil
        #expect((live != nil) == isLive)
        let runs = live?.model ?? model
        let tape = recomputes ? CheckpointTape() : nil
        var loss: Float = 0
        for start in [3, 11] {  // two micro-batches
            let tokens = try Tensor((0..<22).map { Int64(($0 * 7 + start) % 50) }, shape: [2, 11])
            let context = try ForwardContext(
                masks: live?.masks(factors.masks()) ?? factors.masks(), checkpointing: tape)
            let sum = try runs.rowLosses(runs.hidden(tokens, in: context), tokens).sum()
            try sum.backward()
            try tape?.backward()
            try live?.takeGradients()
            loss += try Float(sum.detached().item())
        }
        var gradients: [String: [Float]] = [:]
        for parameter in model.parameters {
            gradients[parameter.name] = try parameter.gradient?.floats()
            parameter.value.clearGradient()
        }
        for (family, tensor) in factors.tensors {
            gradients["\(family)"] = try tensor.gradient?.floats()
            tensor.clearGradient()
        }
        return (loss, gradients)
    }

    @Test(arguments: CarvingTests.cases, [false, true])
    func lossAndGradientsAreThoseOfTheWholeModel(_ example: CarvingTests.Case, _ recomputes: Bool) throws {
        let model = try CarvingTests.model(example.source, seed: example.seed)
        let factors = try Factors(example.source, seed: example.seed ^ 0x11FE)
        let whole = try Self.pass(model, factors, isLive: false)
        let live = try Self.pass(model, factors, isLive: true, recomputes: recomputes)
        #expect(abs(live.loss - whole.loss) <= 1e-5 * abs(whole.loss))
        #expect(whole.gradients.count == model.parameters.count + 4)
        for (name, expected) in whole.gradients {
            let found = try #require(live.gradients[name], "\(name) has no gradient")
            let largest = expected.map { abs($0) }.max() ?? 0
            let distance = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
            #expect(found.count == expected.count && distance <= 2e-5 * max(largest, 1e-3), "\(name)")
        }
    }

    @Test func aModelThatIsMostlyAliveRunsWhole() throws {
        let model = try CarvingTests.model(TargetArchitectureTests.source(), seed: 5)
        let ones = try LayerMasks(hidden_H: Tensor.ones([model.architecture.hiddenSize]))
        #expect(try LiveModel(of: model, under: ones) == nil)
    }

    /// A mask all of whose units are gone receives zeros from the whole model, and nothing from a live part.
    @Test func aModelWithoutHeadsOrNeuronsRunsWhole() throws {
        let source = TargetArchitectureTests.source()
        let model = try CarvingTests.model(source, seed: 5)
        let layers = source.blocks.count
        let heads = try Tensor.zeros([layers, source.widestQueryHeads])
        let neurons = try Tensor.zeros([layers, source.widestIntermediate])
        #expect(try LiveModel(of: model, under: LayerMasks(heads_LQ: heads), ifBelow: 1) == nil)
        #expect(try LiveModel(of: model, under: LayerMasks(intermediate_LM: neurons), ifBelow: 1) == nil)
        #expect(try LiveModel(of: model, under: LayerMasks(layers_L: Tensor.zeros([layers])), ifBelow: 1) == nil)
    }

    /// Layers of a live model have as many heads as they need, hidden size and neurons are multiples of 32 or all.
    @Test(arguments: 0..<8 as Range<UInt64>) func widthsAreFilledUpToWhatProductsLike(_ seed: UInt64) throws {
        let block = BlockShape(queryHeads: 6, keyValueHeads: 2, intermediateSize: 100)
        let source = Architecture(
            vocabularySize: 50, hiddenSize: 72, headSize: 4, blocks: [block, block, block], tiedEmbeddings: true)
        let model = try CarvingTests.model(source, seed: seed)
        let masks = try Factors(source, seed: seed).masks()
        let live = try #require(try LiveModel(of: model, under: masks, ifBelow: 1)).model.architecture
        #expect(live.problems().isEmpty && [32, 64, 72].contains(live.hiddenSize))
        #expect(live.blocks.allSatisfy { [0, 32, 64, 96, 100].contains($0.intermediateSize) })
        let layers = try #require(masks.layers_L).floats()
        #expect(live.blocks.count <= layers.count { $0 != 0 })
    }

    @Test(arguments: [SparsityConstraint.projected, .lagrangian], [1, 2])
    func aPrunedRunIsTheSameWithAndWithoutMaskedUnits(_ constraint: SparsityConstraint, _ parts: Int) throws {
        var losses: [[Double]] = []
        var weights: [[Float]] = []
        for skips in [false, true] {
            var settings = PruningSettings.shortBudget(
                target: TargetArchitecture(layers: 2, hiddenSize: 12, heads: 2, keyValueHeads: 1, intermediateSize: 16),
                rampSteps: 4)
            settings.rules.constraint = constraint
            settings.rules.start = constraint == .lagrangian ? .uniform : .importance
            settings.rules.skipsMaskedUnits = skips
            let block = BlockShape(queryHeads: 4, keyValueHeads: 2, intermediateSize: 64)
            let source = Architecture(
                vocabularySize: 24, hiddenSize: 48, headSize: 8, blocks: [block, block, block, block])
            let model = try LanguageModel(source, initializedWith: 4)
            let batches = (0..<2).map { PruningRun<MaskObjective>.batch(step: 90 + $0, rows: 4) }
            let run = PruningRun(model, try MaskObjective(model, settings: settings, seed: 3, calibration: batches))
            try run.run(0..<12, parts: parts)
            let masks = try withoutGradients { try run.objective.masks.drawn(at: 11) }
            let live = try LiveModel(of: model, under: masks)
            #expect(constraint == .lagrangian || live != nil)
            losses.append(run.losses)
            weights.append(try model.parameters.flatMap { try $0.master.floats() })
        }
        for (with, without) in zip(losses[0], losses[1]) { #expect(abs(with - without) <= 1e-4) }
        let distance = zip(weights[0], weights[1]).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        let size = weights[0].reduce(0.0) { $0 + Double($1 * $1) }
        #expect((distance / size).squareRoot() <= 1e-3)
    }
}
