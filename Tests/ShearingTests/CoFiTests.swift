import Corpus
import Fixtures
import Testing
import Torch
import Transformer

@testable import Shearing

@Suite struct CoFiTests {
    /// Sources of every kind of head sharing, tied or not, without biases.
    static func source(_ seed: UInt64) -> Architecture {
        var stream = RandomStream(seed: seed, name: "cofi sources")
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &stream) }
        let (groupSize, groups) = [(1, pick(2...5)), (pick(2...3), pick(2...3)), (pick(2...5), 1)][Int(seed % 3)]
        return Architecture(
            vocabularySize: 50, hiddenSize: pick(16...32), headSize: 2 * pick(2...5),
            blocks: [BlockShape](
                repeating: BlockShape(
                    queryHeads: groupSize * groups, keyValueHeads: groups, intermediateSize: pick(12...40)),
                count: pick(3...6)),
            tiedEmbeddings: seed % 2 == 0)
    }

    /// Log-alphas anywhere within the bounds; coarse ones lower, so that halves and layers go too.
    static func masks(_ source: Architecture, seed: UInt64) throws -> CoFiMasks {
        let layout = try CoFiLayout(source)
        let generator = try RandomGenerator(seed: seed)
        return try CoFiMasks(
            source: source,
            logAlphas: CoFiLayout.Family.allCases.map { family in
                let (rows, columns) = layout.shape(of: family)
                let low = family == .attention || family == .feedForward ? -6.0 : -4.0
                return try Tensor.uniform([rows * columns], low: low, high: 4.5, generator: generator).floats()
            }, seed: seed)
    }

    @Test(arguments: 0..<18 as Range<UInt64>) func theLayoutCountsEveryParameter(_ seed: UInt64) throws {
        let source = Self.source(seed)
        #expect(try CoFiLayout(source).sourceParameters == source.parameterCount)
        for share in [0.35, 0.7, 1] {
            let wanted = Int(Double(source.parameterCount) * share)
            let shape = try CoFiLayout.standIn(for: wanted, from: source)
            #expect(shape.problems(against: source).isEmpty)
            #expect(shape.architecture(from: source).parameterCount <= wanted)
        }
    }

    @Test(arguments: 0..<30 as Range<UInt64>) func theCarvedModelComputesWhatTheMaskedOneDoes(_ seed: UInt64) throws {
        let source = Self.source(seed)
        let model = try CarvingTests.model(source, seed: seed)
        let masks = try Self.masks(source, seed: seed)
        let wanted = source.parameterCount * [50, 65, 80, 90][Int(seed % 4)] / 100
        let selection = try masks.deterministic(parameters: wanted)
        let carved = try model.carved(by: selection.masks)
        #expect(carved.architecture.problems().isEmpty)
        #expect(carved.architecture.parameterCount == selection.parameters && selection.parameters <= wanted)
        let masked = try CarvingTests.logits(model, selection.masks.layerMasks())
        #expect(try CarvingTests.difference(masked, CarvingTests.logits(carved)) <= 1e-5)
        #expect(try CarvingTests.difference(masked, CarvingTests.logits(model)) > 1e-2)
        // One more neuron of a living layer would not fit, if one is left.
        let hasRoom = carved.architecture.blocks.contains {
            $0.hasFeedForward && $0.intermediateSize < source.blocks[0].intermediateSize
        }
        if hasRoom { #expect(wanted - selection.parameters <= 4 * carved.architecture.hiddenSize) }
    }

    @Test func layersEndDifferentAndSomeLoseAHalfOrAll() throws {
        var (shapes, halves, dropped) = (0, 0, 0)
        for seed in 0..<30 as Range<UInt64> {
            let source = Self.source(seed)
            let masks = try Self.masks(source, seed: seed)
            let selection = try masks.deterministic(parameters: source.parameterCount * 6 / 10)
            let blocks = try CarvingTests.model(source, seed: 1).carved(by: selection.masks).architecture.blocks
            if Set(blocks).count > 1 { shapes += 1 }
            halves += blocks.count { !$0.hasAttention || !$0.hasFeedForward }
            dropped += source.blocks.count - blocks.count
        }
        #expect(shapes > 20 && halves > 5 && dropped > 0, "\(shapes) \(halves) \(dropped)")
    }

    /// The expected sparsity from single probabilities, layer by layer, and its slope by differences.
    @Test(arguments: 0..<6 as Range<UInt64>) func expectedSparsityIsItsDefinition(_ seed: UInt64) throws {
        let source = Self.source(seed)
        let masks = try Self.masks(source, seed: seed)
        let values = try masks.logAlphas.map { try $0.master.floats().map { HardConcrete.alive(Double($0)) } }
        let (layout, block) = (masks.layout, source.blocks[0])
        var perChannel = Double(source.vocabularySize * (source.tiedEmbeddings ? 1 : 2) + 1)
        for layer in 0..<layout.layers {
            let heads = values[1][layer * layout.headColumns..<(layer + 1) * layout.headColumns].reduce(0, +)
            let neurons = values[2][layer * layout.neurons..<(layer + 1) * layout.neurons].reduce(0, +)
            let queries = Double(2 * source.headSize * layout.headRepeats) * heads
            let keys = Double(2 * source.headSize) * (block.keyValueHeads == 1 ? 1 : heads)
            perChannel += values[3][layer] * (1 + queries + keys) + values[4][layer] * (1 + 3 * neurons)
        }
        let expected = 1 - perChannel * values[0].reduce(0, +) / Double(source.parameterCount)
        let found = try masks.expectedSparsity()
        #expect(try abs(found.item() - expected) < 1e-5)
        try found.backward()
        for (family, parameter) in masks.logAlphas.enumerated() {
            let slope = try #require(parameter.gradient).floats()[0]
            func value(_ change: Double) throws -> Double {
                let flat = try parameter.master.detached().viewed([-1]).sliced(0, from: 0, to: 1)
                try flat.add(change)
                defer { try? flat.add(-change) }
                return try withoutGradients { try masks.expectedSparsity().item() }
            }
            let difference = try (value(0.05) - value(-0.05)) / 0.1
            #expect(abs(Double(slope) - difference) < 1e-4 + 0.02 * abs(difference), "family \(family)")
        }
    }

    @Test(arguments: [0, 0.01, 0.3, 0.75]) func projectionReachesTheSparsityAndKeepsTheOrder(_ sparsity: Double) throws
    {
        let masks = try Self.masks(Self.source(4), seed: 4)
        let before = try masks.logAlphas.flatMap { try $0.master.floats() }
        try masks.project(onto: sparsity)
        let after = try masks.logAlphas.flatMap { try $0.master.floats() }
        #expect(try abs(withoutGradients { try masks.expectedSparsity().item() } - sparsity) < 2e-5)
        let shifts = zip(after, before).map { $0 - $1 }
        #expect((shifts.max() ?? 0) - (shifts.min() ?? 0) < 1e-4)
    }

    @Test func aCarvedModelIsWrittenReadTrainedAndGeneratesFrom() throws {
        let source = Self.source(1)
        let selection = try Self.masks(source, seed: 8).deterministic(parameters: source.parameterCount / 2)
        let carved = try CarvingTests.model(source, seed: 8).carved(by: selection.masks)
        #expect(carved.architecture.uniform == nil)
        let folder = try TemporaryDirectory()
        try ModelFolder.write(carved, to: folder.path("model"), dtype: .float32, form: .perBlock)
        let read = try ModelFolder.load(folder.path("model")).model
        #expect(read.architecture == carved.architecture)
        #expect(try CarvingTests.logits(read) == CarvingTests.logits(carved))
        // With a cache as without: each token is the most likely after all before it.
        let made = try read.generate(after: [3, 7], count: 6)
        var text = [3, 7]
        for token in made {
            let tokens = try Tensor(text.map(Int64.init), shape: [1, text.count])
            let best = try withoutGradients {
                try read.logits(read.hidden(tokens)).selected(1, text.count - 1).argmax(over: 1).int64s()
            }
            #expect(Int(best[0]) == token)
            text.append(token)
        }
        #expect(made.count == 6)
    }

    @Test func slopesAreThoseOfTheLossAndOrderTheStart() throws {
        let source = MaskObjectiveTests.source
        let model = try CarvingTests.model(source, seed: 7)
        let batch = PruningRun<MaskObjective>.batch(step: 4, rows: 1)
        let slopes = try MaskSlopes.measured(model, on: [batch])
        #expect(model.parameters.allSatisfy { $0.gradient == nil })
        func loss(_ masks: LayerMasks) throws -> Double {
            try withoutGradients {
                let hidden = try model.hidden(Tensor(batch.tokens, shape: [1, 16]), in: ForwardContext(masks: masks))
                return try model.rowLosses(hidden, Tensor(batch.targets, shape: [1, 16])).item() / 15
            }
        }
        func slope(_ count: Int, _ indices: [Int], _ masks: ([Float]) throws -> LayerMasks) throws -> Double {
            func value(_ mask: Float) throws -> Double {
                var values = [Float](repeating: 1, count: count)
                for index in indices { values[index] = mask }
                return try loss(masks(values))
            }
            return try abs(value(1.01) - value(0.99)) / 0.02
        }
        func close(_ found: Float, _ expected: Double) -> Bool {
            abs(Double(found) - expected) < 0.03 * max(expected, 0.01)
        }
        let heads = { (values: [Float]) in LayerMasks(heads_LQ: try Tensor(values, shape: [4, 6])) }
        let neurons = { (values: [Float]) in LayerMasks(intermediate_LM: try Tensor(values, shape: [4, 48])) }
        let hidden = { (values: [Float]) in LayerMasks(hidden_H: try Tensor(values)) }
        #expect(close(slopes.heads_LQ[13], try slope(24, [13], heads)))
        #expect(close(slopes.intermediate_LM[100], try slope(192, [100], neurons)))
        #expect(close(slopes.hidden_H[5], try slope(32, [5], hidden)))
        #expect(close(slopes.attention_L[2], try slope(24, Array(12..<18), heads)))
        #expect(close(slopes.feedForward_L[1], try slope(192, Array(48..<96), neurons)))

        let masks = try CoFiMasks.ranked(source: source, slopes: slopes, center: 0, span: 10, seed: 1)
        let neuronStart = try masks.logAlphas[2].master.floats()
        let order = slopes.intermediate_LM.indices.sorted { slopes.intermediate_LM[$0] > slopes.intermediate_LM[$1] }
        #expect(neuronStart[order[0]] == 10 && neuronStart[order[191]] == -10)
        #expect(try masks.logAlphas[1].master.floats().count == 4 * 2)  // whole groups
    }

    @Test func sourcesThatCannotBePrunedSoAreRefused() throws {
        let biased = TinyModel.architecture(attentionBias: true)
        #expect { try CoFiLayout(biased) } throws: { "\($0)".contains("biases") }
        let masks = try Self.masks(Self.source(0), seed: 0)
        #expect { try masks.deterministic(parameters: 10) } throws: { "\($0)".contains("leave no layer") }
        // A fold that loses a half whose bias would stay is no fold.
        let model = try TinyModel.make(TinyModel.architecture(layers: 2, mlpBias: true))
        let rows = MaskRows(family: .intermediate, rows: 2, columns: 48, kept: 24, repeats: 1, shape: [2, 48])
        let lost = try DeterministicMasks(
            families: [rows],
            values: [.intermediate: [Float](repeating: 0, count: 48) + [Float](repeating: 1, count: 48)])
        #expect { try model.carved(by: lost) } throws: { "\($0)".contains("bias") }
    }
}

@Suite struct CoFiObjectiveTests {
    static let source = MaskObjectiveTests.source
    static let parameters = source.parameterCount * 6 / 10

    static func settings(_ constraint: SparsityConstraint) -> CoFiSettings {
        var rules = MaskRules.shortBudget(rampSteps: 10)
        rules.constraint = constraint
        rules.start = constraint == .lagrangian ? .uniform : .importance
        rules.maskRate = constraint == .projected ? 0.2 : 0.3
        return CoFiSettings(parameters: parameters, rules: rules)
    }

    static func objective(_ constraint: SparsityConstraint, _ model: LanguageModel) throws -> CoFiObjective {
        let batch = PruningRun<CoFiObjective>.batch(step: 900, rows: 4)
        return try CoFiObjective(
            model, settings: settings(constraint), seed: 3, slopes: MaskSlopes.measured(model, on: [batch]))
    }

    @Test func theProjectedConstraintHoldsAtEveryStepAndMasksMove() throws {
        let model = try LanguageModel(Self.source, initializedWith: 2)
        let run = PruningRun(model, try Self.objective(.projected, model))
        let start = try run.objective.masks.logAlphas[2].master.floats()
        for step in 0..<14 {
            try run.run(step..<step + 1)
            let report = try run.objective.convergence()
            #expect(abs(report.expected - report.scheduled) < 1e-4)
            #expect(report.step == step + 1)
        }
        #expect(try abs(run.objective.convergence().expected - run.objective.targetSparsity) < 1e-4)
        let end = try run.objective.masks.logAlphas[2].master.floats()
        let shifts = zip(end, start).map { $0 - $1 }
        #expect((shifts.max() ?? 0) - (shifts.min() ?? 0) > 0.2)
        let selection = try run.objective.masks.deterministic(parameters: Self.parameters)
        let carved = try model.carved(by: selection.masks)
        #expect(abs(carved.architecture.parameterCount - Self.parameters) < Self.parameters / 100)
        // What an evaluation in between measures has the size that is expected then.
        #expect(try run.objective.evaluationMasks() != nil)
    }

    @Test func theLagrangianPushesTheExpectedSizeDown() throws {
        let model = try LanguageModel(Self.source, initializedWith: 2)
        let run = PruningRun(model, try Self.objective(.lagrangian, model))
        let start = try run.objective.convergence().expected
        #expect(start < 0.02)
        try run.run(0..<40)
        let report = try run.objective.convergence()
        #expect(report.expected > start + 0.1, "\(report)")
        #expect((report.linearMultiplier ?? 0) < 0 && (report.quadraticMultiplier ?? -1) >= 0)
    }

    @Test func drawsAreAFunctionOfSeedAndStep() throws {
        let masks = try CoFiTests.masks(CoFiTests.source(5), seed: 5)
        func neurons(_ step: Int) throws -> [Float] {
            try #require(try masks.drawn(with: masks.noise(at: step)).intermediate_LM).detached().floats()
        }
        #expect(try neurons(3) == neurons(3))
        #expect(try neurons(3) != neurons(4))
    }

    @Test func aTargetThatIsNotSmallerIsRefused() throws {
        let model = try LanguageModel(Self.source, initializedWith: 2)
        var settings = Self.settings(.lagrangian)
        settings.parameters = Self.source.parameterCount
        #expect { try CoFiObjective(model, settings: settings, seed: 1) } throws: { "\($0)".contains("not fewer") }
        settings = Self.settings(.projected)
        #expect(throws: ShearingError.self) { try CoFiObjective(model, settings: settings, seed: 1) }
    }
}
