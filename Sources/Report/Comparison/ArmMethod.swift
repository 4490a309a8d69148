/// How the model of an arm was made.
public enum ArmMethod: String, Codable, Sendable, CaseIterable {
    /// Masks learned to a given shape (Sheared-LLaMA).
    case targeted
    /// Picked from a super-network of the source.
    case nas
    /// Picked from a super-network of a pruned model.
    case chained
    /// Cut once by measured importance, in width and depth.
    case oneshot
    /// Width by the importance of activations.
    case minitron
    /// Depth by the influence of blocks.
    case shortgpt
    /// Learned masks to an overall sparsity, each layer a shape of its own.
    case cofi
    /// Cut by chance.
    case random
    /// Random weights.
    case scratch
    /// The source, not made smaller.
    case dense
    /// Weights stored in fewer bits.
    case quantized

    /// What a reader sees.
    public var label: String {
        switch self {
        case .targeted: "targeted pruning"
        case .nas: "NAS"
        case .chained: "pruning, then NAS"
        case .oneshot: "one-shot importance"
        case .minitron: "Minitron width pruning"
        case .shortgpt: "ShortGPT depth pruning"
        case .cofi: "CoFi masks"
        case .random: "random cut"
        case .scratch: "random initialisation"
        case .dense: "dense"
        case .quantized: "quantized"
        }
    }
}
