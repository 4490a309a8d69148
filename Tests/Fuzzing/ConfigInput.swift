internal import Fixtures
internal import Torch
internal import Transformer

/// A `config.json`.
enum ConfigInput {
    static func read(_ bytes: [UInt8], in folder: TemporaryDirectory) throws -> Bool {
        try folder.write(bytes, to: "config.json")
        let architecture: Architecture
        do throws(TransformerError) { architecture = try ModelFolder.describe(folder.path).architecture } catch {
            try FuzzTarget.note(error)
            return false
        }
        guard architecture.parameterCount >= 0, architecture.nonEmbeddingParameterCount >= 0 else {
            throw FuzzFinding("a negative number of weights")
        }
        let cost = CostModel(architecture)
        for dtype in [DType.float32, .bfloat16] {
            let most = 1 << 20
            _ = cost.inferenceMemory(rows: most, sequenceLength: most, weightDType: dtype).totalBytes
            _ = cost.trainingMemory(rows: most, sequenceLength: most, computeDType: dtype, masked: true).totalBytes
        }
        _ = ModelSize(architecture).quantizedBytes(.int4)
        // One that is in every block alike, or in none, says so in its own form.
        let written = architecture.huggingFaceConfig()
        guard let again = try? Architecture(huggingFaceConfig: written), again == architecture else {
            throw FuzzFinding("what is written of an architecture is not read as it: \(written.text.prefix(2000))")
        }
        return true
    }

    static let seeds: [[UInt8]] = {
        var uneven = TinyModel.architecture()
        uneven.blocks[1].intermediateSize = 0
        uneven.blocks[2] = BlockShape(queryHeads: 0, keyValueHeads: 0, intermediateSize: 8)
        var scaled = TinyModel.architecture(tied: false, attentionBias: true)
        scaled.ropeScaling = .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192)
        let special = SpecialTokens(beginOfText: 1, endOfText: [2, 3], padding: 0)
        let texts =
            [TinyModel.architecture(), uneven, scaled].map { $0.huggingFaceConfig(special: special).text } + [
                #"{"architectures":["MistralForCausalLM"],"model_type":"mistral","sliding_window":null,"hidden_size":64,"#
                    + #""intermediate_size":32,"num_hidden_layers":2,"num_attention_heads":8,"vocab_size":10,"#
                    + #""rope_parameters":{"rope_type":"linear","factor":2.0,"rope_theta":500000}}"#,
                #"{"model_type":"nemotron-nas","hidden_size":96,"num_attention_heads":4,"vocab_size":10,"block_configs":["#
                    + #"{"attention":{"no_op":false,"n_heads_in_group":2},"ffn":{"no_op":false,"ffn_mult":4.0}},"#
                    + #"{"attention":{"no_op":true},"ffn":{"no_op":true}}]}"#,
            ]
        return texts.map { Array($0.utf8) }
    }()
}
