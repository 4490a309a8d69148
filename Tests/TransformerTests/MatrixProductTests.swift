import Testing
import Torch
import Transformer

/// What a training step multiplies and a decoded token reads, from the shape alone.
@Suite struct MatrixProductTests {
    /// Blocks of unlike widths, one without attention and one without a feed-forward network.
    private func uneven(tied: Bool) -> Architecture {
        var shape = Architecture(
            vocabularySize: 96, hiddenSize: 24, headSize: 4,
            blocks: [
                BlockShape(queryHeads: 6, keyValueHeads: 2, intermediateSize: 40),
                BlockShape(queryHeads: 0, keyValueHeads: 0, intermediateSize: 24),
                BlockShape(queryHeads: 4, keyValueHeads: 4, intermediateSize: 0),
            ])
        shape.tiedEmbeddings = tied
        return shape
    }

    /// One multiply-add for each token and weight and pass: norms multiply element by element and are no products.
    @Test(arguments: [true, false], [1, 7, 512])
    func theProductsAreSixOperationsForEachTokenAndWeightOfAMatrix(tied: Bool, tokens: Int) {
        let shape = uneven(tied: tied)
        let cost = CostModel(shape)
        let norms =
            shape.hiddenSize
            * (1 + shape.blocks.reduce(0) { $0 + ($1.hasAttention ? 1 : 0) + ($1.hasFeedForward ? 1 : 0) })
        let operations = cost.trainingProducts(tokens: tokens).reduce(0) { $0 + $1.operations }
        #expect(operations == 6 * Double(tokens) * Double(cost.multiplyingParameterCount - norms))
    }

    @Test func everyWeightIsInThreeProductsOfItsShape() {
        let products = CostModel(uneven(tied: true)).trainingProducts(tokens: 10)
        let forward = products.filter { $0.pass == .forward }
        #expect(
            Set(forward.map { [$0.inputs, $0.outputs] }).count == forward.count, "equal shapes are counted together")
        // Queries and outputs of 24 x 24, and the feed-forward network of 24 neurons with its three matrices.
        #expect(forward.first { $0.inputs == 24 && $0.outputs == 24 }?.count == 5)
        for product in forward {
            let same = products.filter { $0.inputs == product.inputs && $0.outputs == product.outputs }
            #expect(Set(same.map(\.pass)) == Set(MatrixProduct.Pass.allCases) && same.count == 3)
            for other in same {
                let (rows, inner, columns) = other.shape
                #expect(rows * inner * columns == product.inputs * product.outputs * 10)
            }
        }
    }

    @Test func aDecodedTokenReadsEveryWeightOnceAndTheCacheSoFar() {
        let smollm2 = CostModel(ArchitectureTests.smollm2)
        // 134,515,008 weights of two bytes, and in each of 30 layers 2 x 3 heads of 64 numbers a position.
        #expect(smollm2.decodingBytesPerToken(.bfloat16, positions: 0) == 269_030_016)
        #expect(smollm2.decodingBytesPerToken(.bfloat16, positions: 100) == 269_030_016 + 100 * 30 * 2 * 3 * 64 * 2)
        let untied = CostModel(uneven(tied: false))
        #expect(
            untied.decodingBytesPerToken(.float32, positions: 0) == 4 * (untied.parameterCount - 96 * 24),
            "an untied embedding is looked up, not read")
    }
}
