/// `kind: import`: a model from a Hugging Face folder, from a GGUF file, or with random weights.
public struct ImportSpec: Encodable, Sendable, Equatable {
    /// Where the weights come from.
    public var weights: Weights
    /// The architecture. For random weights it is what is made; for a path it is what must be found there, and what
    /// a plan counts with while the weights are missing.
    public var architecture: ArchitectureSpec?
    /// For random weights: take constants, vocabulary and tokenizer from this stage's model.
    public var like: StageID?
    /// For random weights with `like`: other sizes than that model's.
    public var target: TargetSpec?
    /// A tokenizer file or folder, when the weights bring none.
    public var tokenizer: String?
    /// For random weights: seed of the initialisation; the pipeline's when not stated.
    public var seed: UInt64?

    /// Where weights come from.
    public enum Weights: Encodable, Sendable, Equatable {
        /// A Hugging Face folder or a `.gguf` file.
        case path(String)
        /// Normal(0, 0.02), residual projections divided by the root of twice the layers.
        case random

        /// - Throws: What the encoder throws.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .path(let path): try container.encode(path)
            case .random: try container.encode("random")
            }
        }
    }
}
