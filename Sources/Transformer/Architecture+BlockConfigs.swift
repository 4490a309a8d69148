// The configuration of models that a search by NVIDIA's Puzzle found (`nemotron-nas`, DeciLM): a list of blocks, each of
// which states its group size and its feed-forward factor, or that a half does nothing. vLLM, TensorRT-LLM, SGLang, MLX and
// llama.cpp ("deci") read it; transformers needs remote code.

extension Architecture {
    /// The `model_type` of configurations with `block_configs`.
    static let blockConfigsModelType = "nemotron-nas"
    /// The key that holds the blocks.
    static let blockConfigsKey = "block_configs"
    /// Readers compute a width as `2 / 3 * ffn_mult * hidden size`, without its fraction, raised to a multiple of this.
    static let blockConfigsUnit = 256

    /// The `config.json` of this architecture in that form.
    /// - Precondition: every feed-forward width is a multiple of ``blockConfigsUnit``, and all blocks with attention have
    ///   the same number of query heads.
    func blockConfigsConfig(special: SpecialTokens, dtype: String) -> JSONValue {
        let list = blocks.map { block -> JSONValue in
            [
                "attention": [
                    "no_op": .bool(!block.hasAttention),
                    "n_heads_in_group": block.hasAttention ? .integer(block.groupSize) : .null,
                    "replace_with_linear": false, "window_length": .null, "num_sink_tokens": .null,
                    "sparsify": .null, "unshifted_sink": false, "use_prefill_window_in_sink_attention": false,
                ],
                "ffn": [
                    "no_op": .bool(!block.hasFeedForward),
                    "ffn_mult": block.hasFeedForward
                        ? .number(1.5 * Double(block.intermediateSize) / Double(hiddenSize)) : .null,
                    "replace_with_linear": false, "sparsify": .null,
                ],
            ]
        }
        let replaced: [String: JSONValue] = [
            "architectures": ["DeciLMForCausalLM"], "model_type": .string(Self.blockConfigsModelType),
            // Both differ from block to block; the form wants them absent.
            "num_key_value_heads": .null, "intermediate_size": .null,
        ]
        let members = (huggingFaceConfig(special: special, dtype: dtype).members ?? []).filter {
            $0.name != Self.blocksKey
        }
        return .object(
            members.map { JSONValue.Member($0.name, replaced[$0.name] ?? $0.value) }
                + [JSONValue.Member(Self.blockConfigsKey, .array(list))])
    }

    /// The blocks of such a configuration, nil with the reason when one is of a kind that is not read.
    static func blocks(
        ofBlockConfigs list: [JSONValue], queryHeads: Int, hiddenSize: Int
    ) -> Result<[BlockShape], PaddingProblem> {
        var blocks: [BlockShape] = []
        for (index, entry) in list.enumerated() {
            guard let attention = entry["attention"], let feedForward = entry["ffn"] else {
                return .failure(PaddingProblem(reason: "attention and ffn in each block; block \(index) lacks one"))
            }
            for half in [attention, feedForward] where half["replace_with_linear"]?.bool == true {
                return .failure(
                    PaddingProblem(reason: "blocks of attention and feed-forward; block \(index) has a linear instead"))
            }
            if let window = attention["window_length"]?.integer {
                return .failure(
                    PaddingProblem(reason: "attention over all positions; block \(index) has a window of \(window)"))
            }
            var block = BlockShape(queryHeads: 0, keyValueHeads: 0, intermediateSize: 0)
            if attention["no_op"]?.bool != true {
                guard let group = attention["n_heads_in_group"]?.integer, group > 0, queryHeads % group == 0 else {
                    return .failure(
                        PaddingProblem(reason: "n_heads_in_group that divides \(queryHeads) heads in block \(index)"))
                }
                block.queryHeads = queryHeads
                block.keyValueHeads = queryHeads / group
            }
            if feedForward["no_op"]?.bool != true {
                guard let factor = feedForward["ffn_mult"]?.number, factor > 0, factor < 1000 else {
                    return .failure(PaddingProblem(reason: "a positive ffn_mult in block \(index)"))
                }
                let unit = blockConfigsUnit
                block.intermediateSize = (Int(2 * factor * Double(hiddenSize) / 3) + unit - 1) / unit * unit
            }
            blocks.append(block)
        }
        return .success(blocks)
    }
}
