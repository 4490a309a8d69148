import Foundation
import Testing
import Torch

@testable import Transformer

@Suite struct ArchitectureTests {
    private func llama(_ layers: Int, _ hidden: Int, _ heads: Int, _ intermediate: Int) -> Architecture {
        Architecture(
            vocabularySize: 32_000, hiddenSize: hidden, headSize: 128,
            blocks: Array(
                repeating: BlockShape(queryHeads: heads, keyValueHeads: heads, intermediateSize: intermediate),
                count: layers))
    }

    static let smollm2 = Architecture(
        vocabularySize: 49_152, hiddenSize: 576, headSize: 64,
        blocks: Array(repeating: BlockShape(queryHeads: 9, keyValueHeads: 3, intermediateSize: 1536), count: 30),
        ropeTheta: 100_000, tiedEmbeddings: true, maximumPositions: 8192)

    @Test func parameterCountsOfPublishedModelsAreExact() {
        #expect(llama(32, 4096, 32, 11_008).parameterCount == 6_738_415_616)
        #expect(llama(32, 4096, 32, 11_008).nonEmbeddingParameterCount == 6_476_271_616)
        #expect(llama(32, 2560, 20, 6912).parameterCount == 2_701_560_320)
        #expect(llama(24, 2048, 16, 5504).parameterCount == 1_345_423_360)
        #expect(llama(24, 2048, 16, 5504).nonEmbeddingParameterCount == 1_214_351_360)
        #expect(llama(24, 1024, 8, 2816).parameterCount == 373_867_520)
        #expect(Self.smollm2.parameterCount == 134_515_008)
        let target = Self.smollm2.reshaped(
            hiddenSize: 384,
            blocks: Array(repeating: BlockShape(queryHeads: 6, keyValueHeads: 3, intermediateSize: 1024), count: 20))
        #expect(target.parameterCount == 51_330_432)
    }

    @Test func absentHalvesHaveNoWeights() {
        var shape = Self.smollm2
        shape.blocks = [
            BlockShape(queryHeads: 0, keyValueHeads: 0, intermediateSize: 8),
            BlockShape(queryHeads: 3, keyValueHeads: 1, intermediateSize: 0),
        ]
        let roles = WeightTable(shape).entries.map(\.role)
        #expect(
            roles == [
                .embedding, .feedForwardNorm, .gate, .up, .down, .attentionNorm, .query, .key, .value, .output,
                .finalNorm,
            ])
        #expect(shape.uniform == nil)
        #expect(shape.problems().isEmpty)
    }

    @Test func impossibleShapesAreNamedAllAtOnce() {
        var shape = Self.smollm2
        shape.headSize = 7
        shape.blocks = [
            BlockShape(queryHeads: 9, keyValueHeads: 2, intermediateSize: 8),
            BlockShape(queryHeads: 0, keyValueHeads: 2, intermediateSize: -1),
        ]
        #expect(shape.problems().count == 3)
    }

    @Test func configurationsSurviveARoundTrip() throws {
        var heterogeneous = Self.smollm2
        heterogeneous.blocks[3].intermediateSize = 0
        heterogeneous.blocks[4].queryHeads = 0
        heterogeneous.blocks[4].keyValueHeads = 0
        var scaled = Self.smollm2
        scaled.ropeScaling = .llama3(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192)
        scaled.attentionBias = true
        var linear = Self.smollm2
        linear.ropeScaling = .linear(factor: 2.5)
        linear.mlpBias = true
        linear.tiedEmbeddings = false
        for original in [Self.smollm2, heterogeneous, scaled, linear] {
            let special = SpecialTokens(beginOfText: 1, endOfText: [2, 7], padding: nil)
            let text = original.huggingFaceConfig(special: special, dtype: "bfloat16").text
            let config = try JSONValue(parsing: Data(text.utf8))
            #expect(try Architecture(huggingFaceConfig: config) == original)
            #expect(SpecialTokens(config) == special)
        }
    }

    @Test func defaultsAreThoseOfTransformers() throws {
        let found = try parse(config())
        #expect(found.headSize == 16)
        #expect(found.blocks[1] == BlockShape(queryHeads: 4, keyValueHeads: 4, intermediateSize: 32))
        #expect(found.normEpsilon == 1e-6)
        #expect(found.ropeTheta == 10_000)
        #expect(!found.tiedEmbeddings && !found.attentionBias && !found.mlpBias)
        #expect(found.maximumPositions == 2048)
    }

    private func parse(_ text: String) throws -> Architecture {
        try Architecture(huggingFaceConfig: try JSONValue(parsing: Data(text.utf8)), path: "x/config.json")
    }

    private func config(_ changes: [String: String] = [:]) -> String {
        let base = [
            "architectures": #"["LlamaForCausalLM"]"#, "model_type": #""llama""#, "hidden_size": "64",
            "intermediate_size": "32",
            "num_hidden_layers": "2", "num_attention_heads": "4", "vocab_size": "10",
        ]
        let members = base.merging(changes) { $1 }.map { #""\#($0.key)":\#($0.value)"# }
        return "{" + members.joined(separator: ",") + "}"
    }

    @Test func newAndOldSpellingsOfRotaryScalingAreRead() throws {
        let old = try parse(config(["rope_theta": "5e5", "rope_scaling": #"{"type":"linear","factor":2}"#]))
        let new = try parse(config(["rope_parameters": #"{"rope_type":"linear","factor":2.0,"rope_theta":500000}"#]))
        #expect(old == new)
        #expect(old.ropeScaling == .linear(factor: 2))
    }

    @Test func mistralWithoutASlidingWindowIsTheSameNetwork() throws {
        let base =
            #""hidden_size":64,"intermediate_size":32,"num_hidden_layers":2,"num_attention_heads":8,"vocab_size":10}"#
        let same = try parse(
            #"{"architectures":["MistralForCausalLM"],"model_type":"mistral","sliding_window":null,"# + base)
        #expect(same.blocks[0].keyValueHeads == 8)
        #expect(throws: TransformerError.self) {
            try parse(#"{"architectures":["MistralForCausalLM"],"model_type":"mistral","sliding_window":4096,"# + base)
        }
    }

    @Test(arguments: [
        (#"{"architectures":["Qwen2ForCausalLM"],"model_type":"qwen2"}"#, "Qwen2ForCausalLM"),
        (#"{"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":64}"#, "num_attention_heads"),
        (#"[1, 2]"#, "not an object"),
    ])
    func otherNetworksAndMissingKeysAreRefused(_ text: String, _ word: String) {
        let error = #expect(throws: TransformerError.self) { try parse(text) }
        #expect(error?.description.contains(word) == true)
        #expect(error?.description.contains("x/config.json") == true)
    }

    @Test func idsThatNoTokenHasAreNone() throws {
        let text = #"{"bos_token_id":-1,"pad_token_id":4294967296,"eos_token_id":[3,-1,1e300,7]}"#
        let special = SpecialTokens(try JSONValue(parsing: Data(text.utf8)))
        #expect(special == SpecialTokens(beginOfText: nil, endOfText: [3, 7], padding: nil))
    }

    /// Each size is possible; their product would be no integer.
    @Test func weightsBeyondCountingAreRefused() throws {
        let huge = "\(1 << 30)"
        let error = #expect(throws: TransformerError.self) {
            try parse(config(["hidden_size": huge, "head_dim": huge, "num_attention_heads": "\(1 << 24)"]))
        }
        #expect(error?.description.contains("2^44") == true)
    }

    @Test func deepConfigurationsAreRefused() {
        for text in ["[", "{\"a\":"] {
            let deep = String(repeating: text, count: 100_000)
            #expect(throws: (any Error).self) { try JSONValue(parsing: Data(deep.utf8)) }
        }
    }

    @Test(arguments: [
        ("hidden_act", #""gelu""#), ("quantization_config", #"{"bits":4}"#), ("partial_rotary_factor", "0.5"),
        ("vocab_size", "-3"),
        ("num_key_value_heads", "3"), ("rope_scaling", #"{"rope_type":"yarn","factor":2}"#), ("rms_norm_eps", "0"),
        ("tie_word_embeddings", #""yes""#), ("num_hidden_layers", "1.5"), ("num_hidden_layers", "4097"),
        ("hidden_size", "4611686018427387904"),
        ("shearling_blocks", #"[{"query_heads":1}]"#), ("head_dim", "5"),
        ("intermediate_size", "1099511627776"),
    ])
    func unfitValuesAreRefused(_ name: String, _ value: String) throws {
        _ = try parse(config())
        #expect(throws: TransformerError.self) { try parse(config([name: value])) }
    }
}

@Suite struct CostModelTests {
    @Test func workPerTokenFollowsTheStatedConvention() {
        let shape = ArchitectureTests.smollm2
        let cost = CostModel(shape)
        let expected = 6.0 * 134_515_008 + 12.0 * 30 * 576 * 512
        #expect(cost.trainingFLOPsPerToken(sequenceLength: 512) == expected)
        #expect(cost.forwardFLOPsPerToken(sequenceLength: 512) == expected / 3)
        var untied = shape
        untied.tiedEmbeddings = false
        #expect(CostModel(untied).multiplyingParameterCount == 134_515_008)
    }

    @Test func trainingStateOfSevenBillionWeightsIsSixteenBytesEach() {
        let shape = Architecture(
            vocabularySize: 32_000, hiddenSize: 4096, headSize: 128,
            blocks: Array(repeating: BlockShape(queryHeads: 32, keyValueHeads: 32, intermediateSize: 11_008), count: 32)
        )
        let memory = CostModel(shape).trainingMemory(rows: 1, sequenceLength: 4096, computeDType: .float32)
        #expect(memory.weightBytes + memory.gradientBytes + memory.optimizerBytes == 16 * 6_738_415_616)
        #expect(CostModel(shape).maskVariableCount == 357_408)
        #expect(CostModel(shape).storedBytes(.bfloat16) == 13_476_831_232)
        let small = CostModel(shape).trainingMemory(
            rows: 1, sequenceLength: 4096, computeDType: .bfloat16, checkpointing: true)
        #expect(small.activationBytes < memory.activationBytes / 4)
    }

    /// Estimates of sizes that a file may state are numbers, however absurd.
    @Test func estimatesOfAbsurdSizesStayNumbers() {
        var shape = ArchitectureTests.smollm2
        shape.blocks = Array(
            repeating: BlockShape(queryHeads: 1024, keyValueHeads: 1024, intermediateSize: 1 << 24), count: 500)
        #expect(shape.problems().isEmpty)
        let cost = CostModel(shape)
        let training = cost.trainingMemory(
            rows: 1 << 40, sequenceLength: 1 << 40, computeDType: .float32, masked: true)
        #expect(training.totalBytes > 1 << 50)
        let inference = cost.inferenceMemory(rows: 1 << 40, sequenceLength: 1 << 40, weightDType: .float32)
        #expect(inference.totalBytes > 1 << 50)
        #expect(boundedProduct(3, 4, 5) == 60 && boundedProduct(.max, 0) == 0 && boundedProduct(.max, 2, 3) == 1 << 52)
    }

    @Test func theCacheOfGroupedHeadsIsSmaller() {
        let memory = CostModel(ArchitectureTests.smollm2).inferenceMemory(
            rows: 2, sequenceLength: 100, weightDType: .bfloat16)
        #expect(memory.cacheBytes == 2 * 100 * 30 * 2 * 3 * 64 * 2)
    }
}
