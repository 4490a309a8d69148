internal import SuperNetwork
internal import Transformer

/// Which sub-networks a super-network has: a preset's name, or the choices.
public enum ElasticSpaceSpec: Encodable, Sendable, Equatable {
    case preset(ElasticPreset)
    /// Numbers of layers, and the intermediate sizes that every layer chooses from; ascending.
    case choices(layers: [Int], intermediateSizes: [Int])

    /// Numbers of layers to choose from.
    public var layers: [Int] {
        switch self {
        case .preset(let preset): preset.layers
        case .choices(let layers, _): layers
        }
    }

    /// Intermediate sizes that every layer chooses from.
    public var intermediateSizes: [Int] {
        switch self {
        case .preset(let preset): preset.intermediateSizes
        case .choices(_, let sizes): sizes
        }
    }

    /// The space over a source; nothing is checked here.
    func space(of source: Architecture, dropOrder: [Int]) -> ElasticSpace {
        ElasticSpace(
            layerCounts: layers, intermediateSizes: source.blocks.map { _ in intermediateSizes }, dropOrder: dropOrder)
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case layers
        case intermediateSizes = "intermediate_sizes"
    }

    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .preset(let preset):
            var container = encoder.singleValueContainer()
            try container.encode(preset.rawValue)
        case .choices(let layers, let sizes):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(layers, forKey: .layers)
            try container.encode(sizes, forKey: .intermediateSizes)
        }
    }
}

/// Spaces with a name.
public enum ElasticPreset: String, Sendable, CaseIterable {
    /// LLaMA-NAS's space over LLaMA-2-7B: 3.50 to 6.74 billion parameters.
    case llama7B = "llama-nas-7b"
    /// The same and more: down to 0.94 billion parameters, so that it reaches the Sheared-LLaMA targets.
    case llama7BExtended = "llama-nas-7b-extended"
    /// Its counterpart over SmolLM2-135M: 77.0 to 134.5 million parameters.
    case smol135M = "smollm2-135m"
    /// The same and more: down to 41.6 million parameters, so that it reaches the 51-million target.
    case smol135MExtended = "smollm2-135m-extended"

    var layers: [Int] {
        switch self {
        case .llama7B: [24, 28, 32]
        case .llama7BExtended: [8, 12, 16, 20, 24, 28, 32]
        case .smol135M: [22, 26, 30]
        case .smol135MExtended: [10, 14, 18, 22, 26, 30]
        }
    }

    var intermediateSizes: [Int] {
        switch self {
        case .llama7B: [5504, 11_008]
        case .llama7BExtended: [1408, 2816, 3584, 5504, 7424, 9216, 11_008]
        case .smol135M: [768, 1536]
        case .smol135MExtended: [256, 512, 768, 1024, 1280, 1536]
        }
    }
}
