import Corpus
import Fixtures
import Shearing
import Testing
import Torch
import Transformer

@testable import SuperNetwork

/// Orders of importance, and the permutation that preserves the function.
@Suite struct ImportanceOrderTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>) func aReorderedModelComputesWhatItComputed(_ seed: UInt64) throws {
        let shape = TinyModel.randomArchitecture(seed: seed)
        let tokens = try TinyModel.tokens(shape, seed: seed)
        var random = RepeatableRandom(seed)
        let orders = shape.blocks.map { Array(0..<$0.intermediateSize).shuffled(using: &random) }
        for (dtype, limit) in [(DType.float32, 1e-5), (.bfloat16, 0.05)] {
            let model = try TinyModel.make(shape, seed: seed, computeDType: dtype)
            let before = try withoutGradients { try model.logits(model.hidden(tokens)) }
            try model.reorderNeurons(orders)
            let after = try withoutGradients { try model.logits(model.hidden(tokens)) }
            #expect(try relativeDifference(after, before) < limit)
            // The neuron at place i is the one that the order names, in all weights, master and copy.
            let original = try TinyModel.make(shape, seed: seed)
            let name = WeightTable.name(.down, block: 0)
            let moved = try #require(model.parameter(named: name))
            let source = try #require(original.parameter(named: name)).master
            for (place, neuron) in orders[0].enumerated() {
                #expect(try moved.master.selected(0, place).isIdentical(to: source.selected(0, neuron)))
            }
            #expect(try moved.value.detached().isIdentical(to: moved.master.detached().to(dtype)))
        }
    }

    @Test func whatIsNoPermutationIsRefusedBeforeAnythingMoves() throws {
        let model = try TinyModel.make()
        let before = try model.parameters.map { try $0.master.floats() }
        var orders = model.architecture.blocks.map { Array((0..<$0.intermediateSize).reversed()) }
        orders[3][5] = orders[3][6]
        #expect { try model.reorderNeurons(orders) } throws: { "\($0)".contains("block 3 is no permutation") }
        #expect { try model.reorderNeurons(Array(orders.dropLast())) } throws: { "\($0)".contains("for 3 blocks") }
        #expect(try model.parameters.map { try $0.master.floats() } == before)
    }

    @Test func measuredOrdersSortEveryBlock() throws {
        var shape = TinyModel.architecture(layers: 3)
        shape.blocks[1].intermediateSize = 20
        let model = try TinyModel.make(shape)
        let folder = try TemporaryDirectory()
        let corpus = try TinyCorpus.make(in: folder.path)
        let batch = try corpus.batch((0..<4).map { RowID(domain: $0 % 3, row: $0) }, from: .training)
        let order = try ImportanceOrder(
            Importance.measured(model, on: [batch], by: .activations), of: shape, protected: 1)
        #expect(order.dropOrder == [1])
        try model.reorderNeurons(order.neurons)
        // Measured again, the neurons of every block stand in descending order.
        let again = try ImportanceOrder(
            Importance.measured(model, on: [batch], by: .activations), of: shape, protected: 1)
        #expect(again.neurons == shape.blocks.map { Array(0..<$0.intermediateSize) })
    }

    @Test func importantNeuronsComeFirstAndProtectedBlocksStay() throws {
        var shape = TinyModel.architecture(layers: 5)
        for (block, width) in [3, 3, 0, 3, 3].enumerated() { shape.blocks[block].intermediateSize = width }
        let importance = Importance(
            hidden_H: [], heads_LQ: [], intermediate_LM: [1, 3, 2, 5, 5, 9, 0, 0, 0, 0, 0, 0, 2, 1, 0],
            layers_L: [0, 0.5, 0.1, 0.1, 0])
        let order = try ImportanceOrder(importance, of: shape, protected: 1)
        #expect(order.neurons == [[1, 2, 0], [2, 0, 1], [], [0, 1, 2], [0, 1, 2]])
        #expect(order.dropOrder == [3, 2, 1])
        #expect(try ImportanceOrder(importance, of: shape, protected: 0).dropOrder == [4, 0, 3, 2, 1])
        #expect(try ImportanceOrder(importance, of: shape, protected: 3).dropOrder == [])
        #expect { try ImportanceOrder(importance, of: TinyModel.architecture()) } throws: {
            "\($0)".contains("a model of 4")
        }
        let unchanged = ImportanceOrder(unchanged: TinyModel.architecture(layers: 3))
        #expect(unchanged.dropOrder == [2, 1, 0] && unchanged.neurons[1] == Array(0..<48))
    }
}

/// The largest difference of two tensors over the largest value of the second.
func relativeDifference(_ found: Tensor, _ expected: Tensor) throws -> Double {
    #expect(found.shape == expected.shape)
    let a = try found.detached().to(.float32)
    let b = try expected.detached().to(.float32)
    return try (a - b).abs().maximum().item() / b.abs().maximum().item()
}
