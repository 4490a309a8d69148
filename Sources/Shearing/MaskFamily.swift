/// What a mask can remove (Sheared-LLaMA, arXiv 2310.06694, section 2.1).
public enum MaskFamily: String, Codable, Sendable, CaseIterable, Comparable {
    /// Channels of the residual stream, shared by all layers and all norms.
    case hidden
    /// Query heads of each layer; whole groups of them when key-value heads are dropped.
    case heads
    /// Inner channels of each layer's feed-forward part.
    case intermediate
    /// Whole layers: the same number multiplies the attention and the feed-forward output.
    case layer

    public static func < (left: MaskFamily, right: MaskFamily) -> Bool { left.order < right.order }

    private var order: Int {
        switch self {
        case .hidden: 0
        case .heads: 1
        case .intermediate: 2
        case .layer: 3
        }
    }
}
