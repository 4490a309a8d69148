public import Shearing

/// The exact shape a model is cut to: a preset's name, or its sizes.
public enum TargetSpec: Encodable, Sendable, Equatable {
    case preset(TargetPreset)
    case sizes(TargetArchitecture)

    /// The shape meant.
    public var target: TargetArchitecture {
        switch self {
        case .preset(let preset): preset.target
        case .sizes(let target): target
        }
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case layers
        case hiddenSize = "hidden_size"
        case heads
        case keyValueHeads = "key_value_heads"
        case intermediateSize = "intermediate_size"
    }

    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .preset(let preset):
            var container = encoder.singleValueContainer()
            try container.encode(preset.rawValue)
        case .sizes(let target):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(target.layers, forKey: .layers)
            try container.encode(target.hiddenSize, forKey: .hiddenSize)
            try container.encode(target.heads, forKey: .heads)
            try container.encode(target.keyValueHeads, forKey: .keyValueHeads)
            try container.encode(target.intermediateSize, forKey: .intermediateSize)
        }
    }
}

/// Published targets, by the name a pipeline file uses.
public enum TargetPreset: String, Sendable, CaseIterable {
    case shearedLlama13B = "sheared-llama-1.3b"
    case shearedLlama27B = "sheared-llama-2.7b"
    case shearedLlama370M = "sheared-llama-370m"

    /// The published shape (Sheared-LLaMA, table 8; the 370M one is of the authors' code).
    public var target: TargetArchitecture {
        switch self {
        case .shearedLlama13B: .shearedLlama1_3B
        case .shearedLlama27B: .shearedLlama2_7B
        case .shearedLlama370M: .shearedLlama370M
        }
    }
}
