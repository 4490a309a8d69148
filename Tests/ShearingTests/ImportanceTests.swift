import Corpus
import Testing
import Torch
import Transformer

@testable import Shearing

@Suite struct ImportanceTests {
    static let batches = (0..<2).map { PruningRun<MaskObjective>.batch(step: $0, rows: 3) }

    /// A model in which unit 1 of each family is dead: channel 1, head 1 of each layer, neuron 1 of each layer, layer 1.
    static func modelWithDeadUnits() throws -> LanguageModel {
        let model = try CarvingTests.model(MaskObjectiveTests.source, seed: 5)
        var weights = try Dictionary(uniqueKeysWithValues: model.weights().map { ($0.name, try $0.tensor.copied()) })
        func kill(_ role: WeightRole, _ block: Int?, axis: Int, _ range: Range<Int>) throws {
            let name = WeightTable.name(role, block: block)
            let tensor = try #require(weights[name])
            try tensor.sliced(axis, from: range.lowerBound, to: range.upperBound).fill(0)
            weights[name] = tensor
        }
        try kill(.finalNorm, nil, axis: 0, 1..<2)
        for block in 0..<4 {
            try kill(.attentionNorm, block, axis: 0, 1..<2)
            try kill(.feedForwardNorm, block, axis: 0, 1..<2)
            try kill(.output, block, axis: 1, 8..<16)
            try kill(.up, block, axis: 0, 1..<2)
        }
        try kill(.output, 1, axis: 0, 0..<32)
        try kill(.down, 1, axis: 0, 0..<32)
        return try LanguageModel(MaskObjectiveTests.source, weights: weights)
    }

    @Test func deadUnitsScoreNothingAndLiveOnesSomething() throws {
        let model = try Self.modelWithDeadUnits()
        let importance = try Importance.measured(model, on: Self.batches)
        for (unit, score) in importance.hidden_H.enumerated() { #expect((score == 0) == (unit == 1)) }
        for (unit, score) in importance.heads_LQ.enumerated() {
            #expect((score == 0) == (unit % 6 == 1 || unit / 6 == 1))
        }
        for (unit, score) in importance.intermediate_LM.enumerated() { #expect((score == 0) == (unit % 48 == 1)) }
        for (layer, score) in importance.layers_L.enumerated() { #expect((score < 1e-5) == (layer == 1)) }
    }

    @Test func measuringLeavesWeightsAndGradientsAlone() throws {
        let model = try CarvingTests.model(MaskObjectiveTests.source, seed: 6)
        let before = try model.weights().map { try $0.tensor.floats() }
        let first = try Importance.measured(model, on: Self.batches)
        #expect(try model.weights().map { try $0.tensor.floats() } == before)
        #expect(model.parameters.allSatisfy { $0.gradient == nil })
        #expect(try Importance.measured(model, on: Self.batches) == first)
    }

    /// The Taylor score of a head is the size of the loss's slope in that head's mask, here by finite differences.
    @Test func headScoresAreSlopesOfTheLoss() throws {
        let model = try CarvingTests.model(MaskObjectiveTests.source, seed: 7)
        let batch = PruningRun<MaskObjective>.batch(step: 4, rows: 1)
        let importance = try Importance.measured(model, on: [batch])
        func loss(_ head: Int, _ value: Float) throws -> Double {
            var masks = [Float](repeating: 1, count: 24)
            masks[head] = value
            return try withoutGradients {
                let context = ForwardContext(masks: LayerMasks(heads_LQ: try Tensor(masks, shape: [4, 6])))
                let hidden = try model.hidden(Tensor(batch.tokens, shape: [1, 16]), in: context)
                return try model.rowLosses(hidden, Tensor(batch.targets, shape: [1, 16])).item() / 15
            }
        }
        for head in [0, 5, 13, 23] {
            let slope = try abs(loss(head, 1.01) - loss(head, 0.99)) / 0.02
            #expect(abs(Double(importance.heads_LQ[head]) - slope) < 0.02 * max(slope, 0.01))
        }
    }

    @Test func groupedScoresAreSums() throws {
        let importance = Importance(
            hidden_H: [], heads_LQ: (0..<12).map(Float.init), intermediate_LM: [], layers_L: [])
        let rows = MaskRows(family: .heads, rows: 2, columns: 2, kept: 1, repeats: 3, shape: [2, 6])
        #expect(try importance.scores(for: rows) == [3, 12, 21, 30])
        #expect(throws: ShearingError.self) {
            try importance.scores(for: MaskRows(family: .hidden, rows: 1, columns: 4, kept: 2, repeats: 1, shape: [4]))
        }
    }

    @Test func rowsWithoutTargetsAreNoCalibrationData() throws {
        let model = try CarvingTests.model(MaskObjectiveTests.source, seed: 8)
        var batch = Self.batches[0]
        batch.targets = [Int32](repeating: -1, count: batch.targets.count)
        #expect {
            try Importance.measured(model, on: [batch])
        } throws: { error in
            guard case ShearingError.noCalibrationData = error else { return false }
            return true
        }
    }
}
