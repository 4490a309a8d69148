import Corpus
import Fixtures
import Testing
import Torch
import Transformer

@testable import Shearing

@Suite struct ActivationImportanceTests {
    static let batches = (0..<2).map { PruningRun<MaskObjective>.batch(step: $0, rows: 3) }

    /// The scores by their definition, from whole tensors of one forward pass: mean over positions, root mean square
    /// over rows, hidden channels summed over all norms.
    @Test func scoresAreTheirDefinition() throws {
        let model = try CarvingTests.model(MaskObjectiveTests.source, seed: 12)
        let batch = Self.batches[0]
        var seen: [ActivationSite: [[Float]]] = [:]
        let context = ForwardContext(observe: { (site, tensor) throws(TorchError) in
            seen[site] = try (0..<batch.rows).map { (row) throws(TorchError) in try tensor.selected(0, row).floats() }
        })
        let tokens = try Tensor(batch.tokens, shape: [batch.rows, batch.columns])
        _ = try withoutGradients { try model.hidden(tokens, in: context) }
        func overRows(_ perRow: [Double]) -> Double {
            (perRow.reduce(0) { $0 + $1 * $1 } / Double(perRow.count)).squareRoot()
        }
        /// Mean |x| of channel `unit` of `width` over positions.
        func size(_ site: ActivationSite, _ unit: Int, of width: Int) -> Double {
            overRows(
                (seen[site] ?? []).map { row in
                    stride(from: unit, to: row.count, by: width).reduce(0.0) { $0 + Double(abs(row[$1])) } / 16
                })
        }
        func norm(_ block: Int, _ head: Int) -> Double {
            overRows(
                (seen[.context(block: block)] ?? []).map { row in
                    (0..<16).reduce(0.0) { sum, position in
                        let start = (head * 16 + position) * 8
                        return sum + row[start..<start + 8].reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                    } / 16
                })
        }
        let found = try Importance.measured(model, on: [batch], by: .activations)
        let norms =
            (0..<4).flatMap { [ActivationSite.attentionInput(block: $0), .feedForwardInput(block: $0)] } + [.final]
        for channel in [0, 7, 31] {
            let expected = norms.reduce(0.0) { $0 + size($1, channel, of: 32) }
            #expect(abs(Double(found.hidden_H[channel]) - expected) < 1e-4 * expected)
        }
        for (block, unit) in [(0, 0), (2, 5), (3, 47)] {
            let expected = size(.neurons(block: block), unit, of: 48)
            #expect(abs(Double(found.intermediate_LM[block * 48 + unit]) - expected) < 1e-4 * expected)
        }
        for (block, head) in [(0, 0), (1, 4), (3, 5)] {
            let expected = norm(block, head)
            #expect(abs(Double(found.heads_LQ[block * 6 + head]) - expected) < 1e-4 * expected)
        }
        let other = try Importance.measured(model, on: [batch])
        #expect(found.layers_L == other.layers_L)
    }

    @Test func deadUnitsScoreNothingAndNoGradientIsLeft() throws {
        let model = try ImportanceTests.modelWithDeadUnits()
        let found = try Importance.measured(model, on: Self.batches, by: .activations)
        for (unit, score) in found.hidden_H.enumerated() { #expect((score == 0) == (unit == 1)) }
        for (unit, score) in found.intermediate_LM.enumerated() { #expect((score == 0) == (unit % 48 == 1)) }
        for (layer, score) in found.layers_L.enumerated() { #expect((score < 1e-5) == (layer == 1)) }
        #expect(model.parameters.allSatisfy { $0.gradient == nil })
        #expect(try Importance.measured(model, on: Self.batches, by: .activations) == found)
    }

    /// Heads scored 5, 1, 4, 2, 3 ... of which some stay: worked by hand from the paper's formula.
    @Test func residuesGoToTheLeastImportantKeptHeads() {
        let rows = MaskRows(family: .heads, rows: 2, columns: 5, kept: 3, repeats: 1, shape: [2, 5])
        let scores: [Float] = [5, 1, 4, 2, 3, 1, 2, 3, 4, 5]
        // Ranks of row 0: 0, 2, 4 | 3, 1. i = 2 pairs with 5, i = 3 with 4.
        #expect(
            HeadResidue.pairs(rows, scores: scores) == [
                .init(layer: 0, kept: 2, pruned: 1), .init(layer: 0, kept: 4, pruned: 3),
                .init(layer: 1, kept: 3, pruned: 0), .init(layer: 1, kept: 2, pruned: 1),
            ])
        // More pruned than kept: all kept take part, the rest is lost.
        let few = MaskRows(family: .heads, rows: 1, columns: 5, kept: 1, repeats: 1, shape: [1, 5])
        #expect(HeadResidue.pairs(few, scores: [5, 1, 4, 2, 3]) == [.init(layer: 0, kept: 0, pruned: 2)])
        // Whole groups of two heads, two layers of three groups.
        let groups = MaskRows(family: .heads, rows: 2, columns: 3, kept: 2, repeats: 2, shape: [2, 6])
        #expect(
            HeadResidue.pairs(groups, scores: [3, 1, 2, 1, 2, 3]) == [
                .init(layer: 0, kept: 4, pruned: 2), .init(layer: 0, kept: 5, pruned: 3),
                .init(layer: 1, kept: 2, pruned: 0), .init(layer: 1, kept: 3, pruned: 1),
            ])
    }

    @Test(arguments: [1, 3]) func foldingChangesTheProjectionsItNames(_ keyValueHeads: Int) throws {
        let architecture = TinyModel.architecture(
            layers: 2, hidden: 24, heads: 3, keyValueHeads: keyValueHeads, headSize: 4, intermediate: 16,
            attentionBias: true)
        let model = try TinyModel.make(architecture, seed: 3)
        let before = try Dictionary(
            uniqueKeysWithValues: model.weights().map { ($0.name, try $0.tensor.copied()) })
        let target = TargetArchitecture(
            layers: 2, hiddenSize: 24, heads: 2, keyValueHeads: min(2, keyValueHeads), intermediateSize: 16)
        let importance = Importance(
            hidden_H: [Float](repeating: 1, count: 24), heads_LQ: [3, 1, 2, 1, 2, 3],
            intermediate_LM: [Float](repeating: 1, count: 32), layers_L: [1, 1])
        let masks = try OneShotPruning.importance.masks(source: architecture, target: target, importance: importance)
        try model.foldHeadResidue(masks, importance: importance)
        // Layer 0 keeps heads 0 and 2, layer 1 keeps 2 and 1: each time the less important takes the pruned one's residue.
        let folded: [(layer: Int, kept: Int, pruned: Int)] = [(0, 2, 1), (1, 1, 0)]
        let roles: Set<WeightRole> =
            keyValueHeads == 3 ? [.query, .key, .value, .queryBias, .keyBias, .valueBias] : [.query, .queryBias]
        for entry in WeightTable(architecture).entries {
            let expected = try #require(before[entry.name])
            if let pair = folded.first(where: { $0.layer == entry.block }), roles.contains(entry.role) {
                let kept = try expected.sliced(0, from: 4 * pair.kept, to: 4 * pair.kept + 4)
                try kept.copy(from: kept * 2 - expected.sliced(0, from: 4 * pair.pruned, to: 4 * pair.pruned + 4))
            }
            let found = try #require(try model.weights().first { $0.name == entry.name }?.tensor)
            try expectClose(found, expected, nil, "\(entry.name)")
        }
    }
}
