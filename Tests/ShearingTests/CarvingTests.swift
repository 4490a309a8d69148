import Corpus
import Testing
import Torch
import Transformer

@testable import Shearing

@Suite struct CarvingTests {
    /// A source, a target inside it, and what kind of heads both have.
    struct Case: CustomTestStringConvertible {
        let source: Architecture
        let target: TargetArchitecture
        let seed: UInt64
        var testDescription: String {
            "seed \(seed): \(source.blocks.count)x\(source.hiddenSize) \(source.blocks[0]) tied \(source.tiedEmbeddings) to \(target)"
        }
    }

    /// Random sources of all kinds: multi-head, grouped (groups kept and dropped), multi-query; tied or not; biases.
    static let cases: [Case] = (0..<24 as Range<UInt64>).map { seed in
        var stream = RandomStream(seed: seed, name: "carving cases")
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &stream) }
        let (groupSize, groups): (Int, Int) =
            switch seed % 4 {
            case 0: (1, pick(3...6))
            case 1: (pick(3...4), pick(2...3))
            case 2: (pick(2...3), pick(2...4))
            default: (pick(3...6), 1)
            }
        let dropsGroups = seed % 4 == 0 || seed % 4 == 2
        let keptGroups = dropsGroups ? pick(1...groups - 1) : groups
        let keptPerGroup = dropsGroups ? groupSize : pick(1...groupSize - 1)
        let layers = pick(3...5)
        let hidden = pick(20...40)
        let inner = pick(24...60)
        let block = BlockShape(queryHeads: groupSize * groups, keyValueHeads: groups, intermediateSize: inner)
        let source = Architecture(
            vocabularySize: 50, hiddenSize: hidden, headSize: 2 * pick(2...5),
            blocks: [BlockShape](repeating: block, count: layers),
            tiedEmbeddings: seed % 2 == 0 ? seed % 8 < 4 : seed % 8 > 4,
            attentionBias: seed % 3 == 0, mlpBias: seed % 5 < 2)
        let target = TargetArchitecture(
            layers: pick(1...layers - 1), hiddenSize: pick(8...hidden - 1), heads: keptGroups * keptPerGroup,
            keyValueHeads: keptGroups, intermediateSize: pick(4...inner - 1))
        return Case(source: source, target: target, seed: seed)
    }

    /// A model whose weights are all random: norms are not 1 and biases not 0, so that a wrong fold shows.
    static func model(_ architecture: Architecture, seed: UInt64) throws -> LanguageModel {
        let generator = try RandomGenerator(seed: seed)
        var weights: [String: Tensor] = [:]
        for entry in WeightTable(architecture).entries {
            let isNorm = entry.axes == [.hidden] && entry.role != .outputBias && entry.role != .downBias
            weights[entry.name] = try Tensor.normal(
                entry.shape, mean: isNorm ? 1 : 0, deviation: 0.3, generator: generator)
        }
        return try LanguageModel(architecture, weights: weights, computeDType: .float32, on: .cpu)
    }

    /// Soft masks that select exactly the target: log-alphas anywhere within the bounds.
    static func masks(_ example: Case) throws -> PruningMasks {
        let families = try MaskRows.pruned(source: example.source, target: example.target)
        let generator = try RandomGenerator(seed: example.seed ^ 0xA5A5)
        return try PruningMasks(
            families: families,
            logAlphas: families.map {
                try Tensor.uniform([$0.count], low: -4.6, high: 4.6, generator: generator).floats()
            }, seed: example.seed)
    }

    static func logits(_ model: LanguageModel, _ masks: LayerMasks? = nil) throws -> [Float] {
        let tokens = try Tensor((0..<22).map { Int64(($0 * 7 + 3) % 50) }, shape: [2, 11])
        return try withoutGradients {
            try model.logits(model.hidden(tokens, in: ForwardContext(masks: masks))).floats()
        }
    }

    /// max |a - b| / max |a|.
    static func difference(_ a: [Float], _ b: [Float]) -> Double {
        Double(zip(a, b).map { abs($0 - $1) }.max() ?? .infinity) / Double(a.map { abs($0) }.max() ?? 0)
    }

    @Test(arguments: cases) func theCarvedModelComputesWhatTheMaskedOneDoes(_ example: Case) throws {
        let model = try Self.model(example.source, seed: example.seed)
        let before = try model.weights().map { try $0.1.floats() }
        let selection = try Self.masks(example).deterministic(.target)
        let carved = try model.carved(by: selection, expecting: example.target)
        #expect(carved.architecture == example.target.architecture(from: example.source))

        let masked = try Self.logits(model, selection.layerMasks())
        #expect(try Self.difference(masked, Self.logits(carved)) <= 1e-5)
        #expect(try Self.difference(masked, Self.logits(model)) > 1e-2)
        #expect(try model.weights().map { try $0.1.floats() } == before)
    }

    @Test func survivingLayersAreRenumberedInOrder() throws {
        let source = TargetArchitectureTests.source()
        let model = try Self.model(source, seed: 4)
        let families = [MaskRows(family: .layer, rows: 1, columns: 5, kept: 3, repeats: 1, shape: [5])]
        let masks = try DeterministicMasks(families: families, values: [.layer: [0, 1, 0, 1, 1]])
        let carved = try model.carved(by: masks)
        let found = try Dictionary(uniqueKeysWithValues: carved.weights())
        let original = try Dictionary(uniqueKeysWithValues: model.weights())
        for (position, layer) in [1, 3, 4].enumerated() {
            let name = WeightTable.name(.gate, block: position)
            #expect(
                try found[name]?.floats() == original[WeightTable.name(.gate, block: layer)]?.floats())
        }
    }

    @Test func carvedWeightsShareNothingWithTheSource() throws {
        let model = try Self.model(TargetArchitectureTests.source(), seed: 6)
        let carved = try model.carved(by: DeterministicMasks(families: [], values: [:]))
        #expect(try Self.difference(Self.logits(model), Self.logits(carved)) == 0)
        let before = try Self.logits(model)
        for parameter in carved.parameters { try withoutGradients { try parameter.master.fill(0) } }
        #expect(try Self.logits(model) == before)
    }

    @Test func unevenGroupsAreRefused() throws {
        let model = try Self.model(TargetArchitectureTests.source(), seed: 7)
        let families = [MaskRows(family: .heads, rows: 15, columns: 3, kept: 2, repeats: 1, shape: [5, 9])]
        var values = [Float](repeating: 1, count: 45)
        values[4] = 0
        #expect {
            try model.carved(by: DeterministicMasks(families: families, values: [.heads: values]))
        } throws: { error in
            guard case ShearingError.unevenGroups(layer: 0, heads: [3, 2, 3]) = error else { return false }
            return true
        }
    }

    @Test func anotherShapeThanTheTargetIsRefusedBeforeCarving() throws {
        let model = try Self.model(TargetArchitectureTests.source(), seed: 8)
        let masks = try PruningMasksTests.random(seed: 1).deterministic(.target)
        let other = TargetArchitecture(layers: 3, hiddenSize: 24, heads: 6, keyValueHeads: 3, intermediateSize: 32)
        #expect {
            try model.carved(by: masks, expecting: other)
        } throws: { error in
            guard case ShearingError.notTarget = error else { return false }
            return "\(error)".contains("the target is 3 layers of hidden size 24")
        }
    }

    @Test(arguments: OneShotPruning.allCases) func oneShotSelectionsHaveTheTargetsShape(_ kind: OneShotPruning) throws {
        let source = TargetArchitectureTests.source()
        let target = PruningMasksTests.target
        let importance = Importance(
            hidden_H: (0..<36).map(Float.init), heads_LQ: (0..<45).map(Float.init),
            intermediate_LM: (0..<240).map(Float.init), layers_L: [1, 2, 3, 4, 5])
        let masks = try kind.masks(source: source, target: target, importance: importance, seed: 3)
        let carved = try Self.model(source, seed: 9).carved(by: masks, expecting: target)
        #expect(carved.architecture == target.architecture(from: source))
        switch kind {
        case .first: #expect(masks.keptColumns(of: .layer) == [[0, 1, 2, 3]])
        case .importance: #expect(masks.keptColumns(of: .layer) == [[1, 2, 3, 4]])
        case .random:
            #expect(try kind.masks(source: source, target: target, seed: 3) == masks)
            #expect(try kind.masks(source: source, target: target, seed: 4) != masks)
        }
    }
}
