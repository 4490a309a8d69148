import Testing
import Torch
import Transformer

@Suite struct ModelSizeTests {
    private static func llama2(layers: Int, intermediate: Int) -> Architecture {
        Architecture(
            vocabularySize: 32_000, hiddenSize: 4096, headSize: 128,
            blocks: Array(
                repeating: BlockShape(queryHeads: 32, keyValueHeads: 32, intermediateSize: intermediate), count: layers)
        )
    }

    /// LLaMA-2-7B and sub-networks of it: 2 V d + d + the blocks' 4 d^2 + 3 d F + 2 d, V = 32000, d = 4096 (the search
    /// space of LLaMA-NAS, arXiv 2405.18377). INT8 with projections at 1 byte, the rest at 2, scales apart.
    @Test(arguments: [
        (32, 11_008, 6_738_415_616, 13.477, 7.001, 524_288), (32, 5504, 4_574_154_752, 9.148, 4.837, 524_288),
        (28, 11_008, 5_928_882_176, 11.858, 6.191, 458_752), (28, 5504, 4_035_153_920, 8.070, 4.298, 458_752),
        (24, 11_008, 5_119_348_736, 10.239, 5.382, 393_216), (24, 5504, 3_496_153_088, 6.992, 3.758, 393_216),
    ])
    func sizesOfLLaMA2(
        _ layers: Int, _ width: Int, _ parameters: Int, _ half: Double, _ int8: Double, _ cache: Int
    ) {
        let architecture = Self.llama2(layers: layers, intermediate: width)
        let size = ModelSize(architecture)
        #expect(architecture.parameterCount == parameters)
        #expect(size.projectionElements + size.otherElements == parameters)
        #expect(size.bytes(.float16) == 2 * parameters && abs(Double(size.bytes(.float16)) * 1e-9 - half) < 6e-4)
        let scales = 4 * layers * (4 * 4096 + 2 * width + 4096)
        #expect(size.projectionOutputs * 4 == scales)
        #expect(abs(Double(size.quantizedBytes(.int8) - scales) * 1e-9 - int8) < 6e-4)
        #expect(CostModel(architecture).keyValueBytesPerToken(.float16) == cache)
    }

    @Test func groupsOfInt4AreTheLargestThatFit() {
        #expect(
            [4096, 576, 96, 48, 128, 0].map { QuantizationScheme.groupSize(inputs: $0) } == [
                128, 64, 32, nil, 128, nil,
            ])
        // Of one block: query, key, value and output 64 x 64, gate and up 48 x 64, down 64 x 48 (no group divides 48).
        let small = Architecture(
            vocabularySize: 10, hiddenSize: 64, headSize: 16,
            blocks: [BlockShape(queryHeads: 4, keyValueHeads: 4, intermediateSize: 48)], tiedEmbeddings: true)
        let grouped = (4 * 64 + 2 * 48) * (64 / 2 + 4)
        #expect(ModelSize(small).quantizedBytes(.int4) == grouped + 2 * 64 * 48 + 2 * (10 * 64 + 3 * 64))
    }
}
