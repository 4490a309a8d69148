/// What a weight does in the model.
public enum WeightRole: String, Codable, Sendable, CaseIterable {
    /// Around the blocks; `head` only when it is not the embedding.
    case embedding, finalNorm, head
    /// The attention half of a block.
    case attentionNorm, query, key, value, output
    /// The feed-forward half of a block.
    case feedForwardNorm, gate, up, down
    /// Their biases, of architectures that have them.
    case queryBias, keyBias, valueBias, outputBias, gateBias, upBias, downBias
}

extension WeightRole {
    /// The part of the Hugging Face name after the block's prefix.
    var suffix: String {
        switch self {
        case .embedding: "model.embed_tokens.weight"
        case .finalNorm: "model.norm.weight"
        case .head: "lm_head.weight"
        case .attentionNorm: "input_layernorm.weight"
        case .query: "self_attn.q_proj.weight"
        case .key: "self_attn.k_proj.weight"
        case .value: "self_attn.v_proj.weight"
        case .output: "self_attn.o_proj.weight"
        case .queryBias: "self_attn.q_proj.bias"
        case .keyBias: "self_attn.k_proj.bias"
        case .valueBias: "self_attn.v_proj.bias"
        case .outputBias: "self_attn.o_proj.bias"
        case .feedForwardNorm: "post_attention_layernorm.weight"
        case .gate: "mlp.gate_proj.weight"
        case .up: "mlp.up_proj.weight"
        case .down: "mlp.down_proj.weight"
        case .gateBias: "mlp.gate_proj.bias"
        case .upBias: "mlp.up_proj.bias"
        case .downBias: "mlp.down_proj.bias"
        }
    }
}

/// What one axis of a weight counts. Masks and carving follow it.
public enum WeightAxis: String, Codable, Sendable {
    /// Token ids.
    case vocabulary
    /// Channels of the residual stream.
    case hidden
    /// Query heads times head size, head-major.
    case queryHeads
    /// Key-value heads times head size, head-major.
    case keyValueHeads
    /// Neurons of the feed-forward network.
    case intermediate
}

/// One weight of an architecture: its Hugging Face name and its shape.
public struct WeightEntry: Sendable, Hashable {
    /// The name in Hugging Face files, such as `model.layers.0.self_attn.q_proj.weight`.
    public let name: String
    /// What the weight does.
    public let role: WeightRole
    /// The block it belongs to, nil for embedding, final norm and head.
    public let block: Int?
    /// Shape in Hugging Face files: `[out, in]` for projections.
    public let shape: [Int]
    /// What the axes of `shape` count.
    public let axes: [WeightAxis]

    /// Whether the model stores the transpose of the Hugging Face layout: true of the down projection, `[intermediate,
    /// hidden]`.
    public var isStoredTransposed: Bool { role == .down }
    /// Shape of the tensor that the model holds.
    public var storedShape: [Int] { isStoredTransposed ? shape.reversed() : shape }
    /// Number of elements.
    public var elementCount: Int { shape.reduce(1, *) }
}

/// All weights of an architecture in their fixed order, the one table from which names, parameter counts, imports and
/// exports derive.
public struct WeightTable: Sendable {
    /// The weights: embedding, blocks from the first to the last, final norm, untied head.
    public let entries: [WeightEntry]

    /// The table of an architecture.
    public init(_ architecture: Architecture) {
        let hidden = architecture.hiddenSize
        var entries: [WeightEntry] = []
        func add(_ role: WeightRole, _ block: Int?, _ shape: [Int], _ axes: [WeightAxis]) {
            entries.append(
                WeightEntry(name: Self.name(role, block: block), role: role, block: block, shape: shape, axes: axes))
        }
        func project(
            _ role: WeightRole, bias: WeightRole?, _ block: Int, to rows: (Int, WeightAxis),
            from columns: (Int, WeightAxis)
        ) {
            add(role, block, [rows.0, columns.0], [rows.1, columns.1])
            if let bias { add(bias, block, [rows.0], [rows.1]) }
        }
        let channels = (hidden, WeightAxis.hidden)
        add(.embedding, nil, [architecture.vocabularySize, hidden], [.vocabulary, .hidden])
        for (layer, shape) in architecture.blocks.enumerated() {
            if shape.hasAttention {
                let queries = (shape.queryHeads * architecture.headSize, WeightAxis.queryHeads)
                let keyValues = (shape.keyValueHeads * architecture.headSize, WeightAxis.keyValueHeads)
                let biased = architecture.attentionBias
                add(.attentionNorm, layer, [hidden], [.hidden])
                project(.query, bias: biased ? .queryBias : nil, layer, to: queries, from: channels)
                project(.key, bias: biased ? .keyBias : nil, layer, to: keyValues, from: channels)
                project(.value, bias: biased ? .valueBias : nil, layer, to: keyValues, from: channels)
                project(.output, bias: biased ? .outputBias : nil, layer, to: channels, from: queries)
            }
            if shape.hasFeedForward {
                let neurons = (shape.intermediateSize, WeightAxis.intermediate)
                let biased = architecture.mlpBias
                add(.feedForwardNorm, layer, [hidden], [.hidden])
                project(.gate, bias: biased ? .gateBias : nil, layer, to: neurons, from: channels)
                project(.up, bias: biased ? .upBias : nil, layer, to: neurons, from: channels)
                project(.down, bias: biased ? .downBias : nil, layer, to: channels, from: neurons)
            }
        }
        add(.finalNorm, nil, [hidden], [.hidden])
        if !architecture.tiedEmbeddings {
            add(.head, nil, [architecture.vocabularySize, hidden], [.vocabulary, .hidden])
        }
        self.entries = entries
    }

    /// The name of a weight.
    public static func name(_ role: WeightRole, block: Int? = nil) -> String {
        (block.map { "model.layers.\($0)." } ?? "") + role.suffix
    }
}
