import Corpus
import Evaluation
import Fixtures
import Testing
import Torch
import Transformer

@testable import SuperNetwork

/// Importance against its formulas, and the permutation that preserves the function.
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

    @Test func scoresAreThoseOfTheFormulas() throws {
        let shape = TinyModel.architecture(layers: 2)
        let model = try TinyModel.make(shape)
        let folder = try TemporaryDirectory()
        let corpus = try TinyCorpus.make(in: folder.path, separateDocuments: true)
        let rows = (0..<5).map { RowID(domain: $0 % 3, row: $0) }
        let batches = [
            try corpus.batch(Array(rows[..<3]), from: .training), try corpus.batch(Array(rows[3...]), from: .training),
        ]
        let found = try ActivationImportance.measured(model, on: batches)
        var squares = [[Double]](repeating: [Double](repeating: 0, count: 48), count: 2)
        var turns = [0.0, 0.0]
        var tokens = 0
        for batch in batches {
            var neurons: [[Float]] = [[], []]
            var streams: [[Float]] = []
            let size = [batch.rows, batch.columns]
            var context = ForwardContext(segments: try Tensor(try #require(batch.segments), shape: size))
            context.observe = { (site, tensor) throws(TorchError) in
                switch site {
                case .neurons(let block): neurons[block] = try tensor.detached().floats()
                case .embedding, .stream: streams.append(try tensor.detached().floats())
                default: break
                }
            }
            _ = try model.hidden(Tensor(batch.tokens, shape: size), in: context)
            for row in 0..<batch.rows {
                let counted = (0..<batch.columns).map { row * batch.columns + $0 }.filter { batch.targets[$0] >= 0 }
                tokens += counted.count
                for block in 0..<2 {
                    for neuron in 0..<48 {
                        let mean =
                            counted.reduce(0.0) { $0 + abs(Double(neurons[block][$1 * 48 + neuron])) }
                            / Double(counted.count)
                        squares[block][neuron] += mean * mean
                    }
                    for place in counted {
                        let a = streams[block][place * 32..<(place + 1) * 32].map(Double.init)
                        let b = streams[block + 1][place * 32..<(place + 1) * 32].map(Double.init)
                        let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
                        let size = a.reduce(0) { $0 + $1 * $1 } * b.reduce(0) { $0 + $1 * $1 }
                        turns[block] += 1 - product / size.squareRoot()
                    }
                }
            }
        }
        #expect(found.tokens == tokens)
        for block in 0..<2 {
            expectClose(
                found.neurons[block].map(Double.init), squares[block].map { $0.squareRoot() },
                Tolerance(absolute: 1e-6, relative: 1e-4))
            #expect(abs(found.influences[block] - turns[block] / Double(tokens)) < 1e-5)
        }
    }

    @Test func importantNeuronsComeFirstAndProtectedBlocksStay() throws {
        let importance = ActivationImportance(
            neurons: [[1, 3, 2], [5, 5, 9], [], [0, 0, 0], [2, 1, 0]], influences: [0, 0.5, 0.1, 0.1, 0], tokens: 1)
        let order = ImportanceOrder(importance, protected: 1)
        #expect(order.neurons == [[1, 2, 0], [2, 0, 1], [], [0, 1, 2], [0, 1, 2]])
        #expect(order.dropOrder == [3, 2, 1])
        #expect(ImportanceOrder(importance, protected: 0).dropOrder == [4, 0, 3, 2, 1])
        #expect(ImportanceOrder(importance, protected: 3).dropOrder == [])
        let unchanged = ImportanceOrder(unchanged: TinyModel.architecture(layers: 3))
        #expect(unchanged.dropOrder == [2, 1, 0] && unchanged.neurons[1] == Array(0..<48))
    }

    @Test func withoutCountedTokensThereIsNoImportance() throws {
        let model = try TinyModel.make()
        let batch = TokenBatch(
            tokens: [1, 2], targets: [-1, -1], segments: nil, domains: [0], rowIDs: [RowID(domain: 0, row: 0)],
            rows: 1, columns: 2)
        for batches in [[batch], []] {
            #expect { try ActivationImportance.measured(model, on: batches) } throws: {
                "\($0)".contains("without a predicted token")
            }
        }
    }
}

/// The largest difference of two tensors over the largest value of the second.
func relativeDifference(_ found: Tensor, _ expected: Tensor) throws -> Double {
    #expect(found.shape == expected.shape)
    let a = try found.detached().to(.float32)
    let b = try expected.detached().to(.float32)
    return try (a - b).abs().maximum().item() / b.abs().maximum().item()
}
