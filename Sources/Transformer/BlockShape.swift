/// The widths of one decoder block. A count of 0 means that half of the block is absent:
/// no query heads, no attention; intermediate size 0, no feed-forward network.
public struct BlockShape: Codable, Sendable, Hashable {
    /// Number of query heads.
    public var queryHeads: Int
    /// Number of key-value heads; divides `queryHeads`. Equal: multi-head, 1: multi-query, between: grouped-query
    /// attention.
    public var keyValueHeads: Int
    /// Number of neurons of the feed-forward network.
    public var intermediateSize: Int

    /// A block of the given widths.
    public init(queryHeads: Int, keyValueHeads: Int, intermediateSize: Int) {
        self.queryHeads = queryHeads
        self.keyValueHeads = keyValueHeads
        self.intermediateSize = intermediateSize
    }

    /// Whether the block has an attention half.
    public var hasAttention: Bool { queryHeads > 0 }
    /// Whether the block has a feed-forward half.
    public var hasFeedForward: Bool { intermediateSize > 0 }
    /// Query heads that read one key-value head; 0 when attention is absent.
    public var groupSize: Int { keyValueHeads > 0 ? queryHeads / keyValueHeads : 0 }
}

/// The shape of a model whose blocks are all alike: the only kind that plain Hugging Face LLaMA can describe.
public struct UniformShape: Codable, Sendable, Hashable {
    /// Number of blocks.
    public var layers: Int
    /// The shape that every block has.
    public var block: BlockShape
}
