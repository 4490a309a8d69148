public import Corpus

/// `kind: pack`: raw text to packed rows of token ids.
public struct PackSpec: Encodable, Sendable, Equatable {
    /// The data manifest.
    public var manifest: String
    /// Whose vocabulary: a stage that makes a model, or a tokenizer file or folder.
    public var tokenizer: TokenizerSource
    /// Tokens per row.
    public var sequenceLength: Int
    /// How documents fill rows.
    public var packing: Packing
    /// Read `<s>` and its like in the text as special tokens instead of as characters.
    public var parseSpecial: Bool
    /// Most training and most held-out tokens of a domain; nil takes all.
    public var maxTokensPerDomain: Int?
    public var maxValidationTokensPerDomain: Int?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case manifest, tokenizer
        case sequenceLength = "sequence_length"
        case packing
        case parseSpecial = "parse_special"
        case maxTokensPerDomain = "max_tokens_per_domain"
        case maxValidationTokensPerDomain = "max_validation_tokens_per_domain"
    }

    /// Where a tokenizer comes from.
    public enum TokenizerSource: Encodable, Sendable, Equatable {
        case stage(StageID)
        case path(String)

        /// - Throws: What the encoder throws.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .stage(let id): try container.encode(id)
            case .path(let path): try container.encode(path)
            }
        }
    }
}
