extension Architecture {
    /// The key that holds per-block widths in folders whose blocks differ; see ``huggingFaceConfig(special:dtype:)``.
    static let blocksKey = "shearling_blocks"
    /// The `model_type` of folders whose blocks differ, so that other loaders refuse them instead of misreading them.
    static let perBlockModelType = "shearling_llama"

    /// The architecture that a Hugging Face `config.json` describes.
    ///
    /// Accepted are `LlamaForCausalLM`, `MistralForCausalLM` without a sliding window (the same network), `nemotron-nas`
    /// with `block_configs`, and our own form with per-block widths. Missing optional keys take the defaults of transformers' `LlamaConfig`.
    /// - Parameter path: names the file in errors.
    /// - Throws: `TransformerError.unsupported` for other networks, `.configuration` for a missing or unfit key.
    public init(huggingFaceConfig config: JSONValue, path: String = "config.json") throws(TransformerError) {
        let reader = ConfigReader(config: config, path: path)
        try reader.checkFamily()
        let hidden = try reader.size("hidden_size")
        let heads = try reader.size("num_attention_heads")
        let head = try reader.size("head_dim", default: hidden / max(heads, 1))
        let isMistral = config["model_type"]?.string == "mistral"
        let keyValueHeads = try reader.size("num_key_value_heads", default: isMistral ? 8 : heads)
        let blocks: [BlockShape]
        if config[Self.blocksKey] != nil {
            blocks = try reader.blocks(Self.blocksKey)
        } else if config["model_type"]?.string == Self.blockConfigsModelType {
            blocks = try reader.blockConfigs(queryHeads: heads, hiddenSize: hidden)
        } else {
            let shape = BlockShape(
                queryHeads: heads, keyValueHeads: keyValueHeads, intermediateSize: try reader.size("intermediate_size"))
            let count = try reader.size("num_hidden_layers", largest: Architecture.mostBlocks)
            blocks = Array(repeating: shape, count: count)
        }
        self.init(
            vocabularySize: try reader.size("vocab_size"), hiddenSize: hidden, headSize: head, blocks: blocks,
            normEpsilon: try reader.positive("rms_norm_eps", default: 1e-6), ropeTheta: try reader.ropeTheta(),
            ropeScaling: try reader.ropeScaling(), tiedEmbeddings: try reader.flag("tie_word_embeddings"),
            attentionBias: try reader.flag("attention_bias"), mlpBias: try reader.flag("mlp_bias"),
            maximumPositions: try reader.size("max_position_embeddings", default: isMistral ? 131_072 : 2048))
        let found = problems()
        if !found.isEmpty { throw .architecture(problems: found.map { "\(path): \($0)" }) }
    }

    /// The `config.json` of this architecture.
    ///
    /// With uniform blocks it is transformers' LLaMA configuration. Blocks that differ are written under
    /// `shearling_blocks`, a quantisation under `shearling_quantization`, both with the model type `shearling_llama`,
    /// which only our loader reads.
    /// - Parameter dtype: Hugging Face's name of the stored type, `float32` or `bfloat16`.
    public func huggingFaceConfig(
        special: SpecialTokens = SpecialTokens(), dtype: String = "float32", quantization: QuantizationScheme? = nil
    ) -> JSONValue {
        let shape = uniform?.block
        let isOurs = shape == nil || quantization != nil
        let config: JSONValue = [
            "architectures": [isOurs ? "ShearlingForCausalLM" : "LlamaForCausalLM"],
            "model_type": .string(isOurs ? Self.perBlockModelType : "llama"),
            "vocab_size": .integer(vocabularySize),
            "hidden_size": .integer(hiddenSize),
            "intermediate_size": .integer(shape?.intermediateSize ?? widestIntermediate),
            "num_hidden_layers": .integer(blocks.count),
            "num_attention_heads": .integer(shape?.queryHeads ?? max(widestQueryHeads, 1)),
            "num_key_value_heads": .integer(shape?.keyValueHeads ?? max(blocks.map(\.keyValueHeads).max() ?? 1, 1)),
            "head_dim": .integer(headSize),
            "hidden_act": "silu",
            "max_position_embeddings": .integer(maximumPositions),
            "rms_norm_eps": .number(normEpsilon),
            "rope_theta": .number(ropeTheta),
            "rope_scaling": ropeScaling?.huggingFaceConfig ?? .null,
            "tie_word_embeddings": .bool(tiedEmbeddings),
            "attention_bias": .bool(attentionBias),
            "attention_dropout": 0.0,
            "mlp_bias": .bool(mlpBias),
            "initializer_range": 0.02,
            "pretraining_tp": 1,
            "use_cache": true,
            "torch_dtype": .string(dtype),
        ]
        var members = (config.members ?? []) + special.members
        if shape == nil {
            let list = blocks.map { block -> JSONValue in
                [
                    "query_heads": .integer(block.queryHeads), "key_value_heads": .integer(block.keyValueHeads),
                    "intermediate_size": .integer(block.intermediateSize),
                ]
            }
            members.append(.init(Self.blocksKey, .array(list)))
        }
        if let quantization {
            members.append(.init(ModelFolder.quantizationKey, ModelFolder.quantizationConfig(quantization, self)))
        }
        return .object(members)
    }
}

extension RopeScaling {
    fileprivate var huggingFaceConfig: JSONValue {
        switch self {
        case .linear(let factor):
            ["rope_type": "linear", "factor": .number(factor)]
        case .llama3(let factor, let low, let high, let positions):
            [
                "rope_type": "llama3", "factor": .number(factor), "low_freq_factor": .number(low),
                "high_freq_factor": .number(high), "original_max_position_embeddings": .integer(positions),
            ]
        }
    }
}

/// Reads keys of a `config.json` with errors that name file and key.
private struct ConfigReader {
    let config: JSONValue
    let path: String

    func unfit(_ key: String, expected: String) -> TransformerError {
        let found = config[key].map { String($0.text.dropLast().prefix(80)) } ?? "missing"
        return .configuration(path: path, key: key, found: found, expected: expected)
    }

    func checkFamily() throws(TransformerError) {
        let supported =
            "LlamaForCausalLM, MistralForCausalLM without a sliding window, nemotron-nas, and Shearling's own per-block form"
        guard config.members != nil else {
            throw .configuration(path: path, key: "(root)", found: "not an object", expected: "a JSON object")
        }
        let type = config["model_type"]?.string ?? "no model_type"
        let name = config["architectures"]?.array?.first?.string ?? "no architecture"
        switch (type, name) {
        case ("llama", "LlamaForCausalLM"), ("llama", "no architecture"): break
        case ("mistral", "MistralForCausalLM"):
            if let window = config["sliding_window"] {
                throw .unsupported(
                    path: path, found: "a sliding window of \(window.text.dropLast())", supported: supported)
            }
        case (Architecture.perBlockModelType, _), (Architecture.blockConfigsModelType, _): break
        default: throw .unsupported(path: path, found: "\(name) (model_type \(type))", supported: supported)
        }
        if let activation = config["hidden_act"]?.string, activation != "silu", activation != "swish" {
            throw unfit("hidden_act", expected: "\"silu\"")
        }
        if config["quantization_config"] != nil {
            throw .unsupported(
                path: path, found: "weights quantised by another tool (quantization_config)",
                supported: "float32, bfloat16 and float16 safetensors, or a GGUF file")
        }
        if let share = (rope("partial_rotary_factor") ?? config["partial_rotary_factor"])?.number, share != 1 {
            throw unfit("partial_rotary_factor", expected: "1 (rotary positions on the whole head)")
        }
    }

    func size(_ key: String, default standard: Int? = nil, largest: Int = 1 << 30) throws(TransformerError) -> Int {
        guard let value = config[key] else {
            guard let standard else { throw unfit(key, expected: "a positive integer") }
            return standard
        }
        guard let number = value.integer, number > 0, number <= largest else {
            throw unfit(key, expected: "an integer from 1 to \(largest)")
        }
        return number
    }

    func positive(_ key: String, default standard: Double) throws(TransformerError) -> Double {
        guard let value = config[key] else { return standard }
        guard let number = value.number, number > 0, number.isFinite else {
            throw unfit(key, expected: "a positive number")
        }
        return number
    }

    func flag(_ key: String) throws(TransformerError) -> Bool {
        guard let value = config[key] else { return false }
        guard let flag = value.bool else { throw unfit(key, expected: "true or false") }
        return flag
    }

    /// A member of `rope_parameters` (transformers 5) or `rope_scaling` (before).
    private func rope(_ key: String) -> JSONValue? {
        config["rope_parameters"]?[key] ?? config["rope_scaling"]?[key]
    }

    func ropeTheta() throws(TransformerError) -> Double {
        if let value = config["rope_parameters"]?["rope_theta"] {
            guard let number = value.number, number > 0 else {
                throw unfit("rope_parameters", expected: "a positive rope_theta")
            }
            return number
        }
        return try positive("rope_theta", default: 10_000)
    }

    func ropeScaling() throws(TransformerError) -> RopeScaling? {
        let key = config["rope_parameters"] != nil ? "rope_parameters" : "rope_scaling"
        func number(_ name: String) throws(TransformerError) -> Double {
            guard let value = rope(name)?.number, value > 0, value.isFinite else {
                throw unfit(key, expected: "a positive \(name)")
            }
            return value
        }
        switch (rope("rope_type") ?? rope("type"))?.string {
        case nil, "default": return nil
        case "linear": return .linear(factor: try number("factor"))
        case "llama3":
            let low = try number("low_freq_factor")
            let high = try number("high_freq_factor")
            guard high > low else { throw unfit(key, expected: "high_freq_factor above low_freq_factor") }
            let positions =
                rope("original_max_position_embeddings")?.integer ?? config["max_position_embeddings"]?.integer
            guard let positions, positions > 0 else {
                throw unfit(key, expected: "a positive original_max_position_embeddings")
            }
            return .llama3(
                factor: try number("factor"), lowFrequencyFactor: low, highFrequencyFactor: high,
                originalPositions: positions)
        default:
            throw unfit(key, expected: "rope_type default, linear or llama3")
        }
    }

    func blockConfigs(queryHeads: Int, hiddenSize: Int) throws(TransformerError) -> [BlockShape] {
        let key = Architecture.blockConfigsKey
        guard let list = config[key]?.array, list.count <= Architecture.mostBlocks else {
            throw unfit(key, expected: "an array of blocks")
        }
        switch Architecture.blocks(ofBlockConfigs: list, queryHeads: queryHeads, hiddenSize: hiddenSize) {
        case .success(let blocks): return blocks
        case .failure(let problem): throw unfit(key, expected: problem.reason)
        }
    }

    func blocks(_ key: String) throws(TransformerError) -> [BlockShape] {
        guard let list = config[key]?.array, list.count <= Architecture.mostBlocks else {
            throw unfit(key, expected: "an array of blocks")
        }
        var blocks: [BlockShape] = []
        for entry in list {
            guard let query = entry["query_heads"]?.integer, let keyValue = entry["key_value_heads"]?.integer,
                let width = entry["intermediate_size"]?.integer
            else { throw unfit(key, expected: "query_heads, key_value_heads and intermediate_size in each block") }
            blocks.append(BlockShape(queryHeads: query, keyValueHeads: keyValue, intermediateSize: width))
        }
        return blocks
    }
}
