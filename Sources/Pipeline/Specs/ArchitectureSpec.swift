public import Transformer

/// An architecture as a pipeline file states it: a preset's name, or its sizes.
public enum ArchitectureSpec: Encodable, Sendable, Equatable {
    case preset(ArchitecturePreset)
    case sizes(ArchitectureSizes)

    /// The architecture meant.
    public var architecture: Architecture {
        switch self {
        case .preset(let preset): preset.architecture
        case .sizes(let sizes): sizes.architecture
        }
    }

    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .preset(let preset):
            var container = encoder.singleValueContainer()
            try container.encode(preset.rawValue)
        case .sizes(let sizes): try sizes.encode(to: encoder)
        }
    }
}

/// Known source models, by the name a pipeline file uses.
public enum ArchitecturePreset: String, Sendable, CaseIterable {
    case llama27B = "llama2-7b"
    case llama213B = "llama2-13b"
    case smolLM2135M = "smollm2-135m"

    /// The published shape.
    public var architecture: Architecture {
        switch self {
        case .llama27B: ArchitecturePreset.llama2(layers: 32, hidden: 4096, heads: 32, intermediate: 11008)
        case .llama213B: ArchitecturePreset.llama2(layers: 40, hidden: 5120, heads: 40, intermediate: 13824)
        case .smolLM2135M:
            Architecture(
                vocabularySize: 49_152, hiddenSize: 576, headSize: 64,
                blocks: [BlockShape](
                    repeating: BlockShape(queryHeads: 9, keyValueHeads: 3, intermediateSize: 1536), count: 30),
                normEpsilon: 1e-5, ropeTheta: 100_000, tiedEmbeddings: true, maximumPositions: 8192)
        }
    }

    private static func llama2(layers: Int, hidden: Int, heads: Int, intermediate: Int) -> Architecture {
        Architecture(
            vocabularySize: 32_000, hiddenSize: hidden, headSize: 128,
            blocks: [BlockShape](
                repeating: BlockShape(queryHeads: heads, keyValueHeads: heads, intermediateSize: intermediate),
                count: layers),
            normEpsilon: 1e-5, ropeTheta: 10_000, maximumPositions: 4096)
    }
}

/// The sizes of a uniform decoder, under the names of Hugging Face's `config.json` where they are short enough.
public struct ArchitectureSizes: Encodable, Sendable, Equatable {
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var layers: Int
    public var heads: Int
    /// As many as `heads` when not stated.
    public var keyValueHeads: Int
    /// `hiddenSize / heads` when not stated.
    public var headSize: Int
    public var intermediateSize: Int
    public var normEpsilon: Double
    public var ropeTheta: Double
    public var tiedEmbeddings: Bool
    public var maximumPositions: Int

    enum CodingKeys: String, CodingKey, CaseIterable {
        case vocabularySize = "vocabulary_size"
        case hiddenSize = "hidden_size"
        case layers, heads
        case keyValueHeads = "key_value_heads"
        case headSize = "head_size"
        case intermediateSize = "intermediate_size"
        case normEpsilon = "norm_epsilon"
        case ropeTheta = "rope_theta"
        case tiedEmbeddings = "tied_embeddings"
        case maximumPositions = "maximum_positions"
    }

    var architecture: Architecture {
        Architecture(
            vocabularySize: vocabularySize, hiddenSize: hiddenSize, headSize: headSize,
            blocks: [BlockShape](
                repeating: BlockShape(
                    queryHeads: heads, keyValueHeads: keyValueHeads, intermediateSize: intermediateSize),
                count: max(layers, 0)),
            normEpsilon: normEpsilon, ropeTheta: ropeTheta, tiedEmbeddings: tiedEmbeddings,
            maximumPositions: maximumPositions)
    }
}
