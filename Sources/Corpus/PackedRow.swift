/// Where the first token of a packed row comes from.
public struct RowOrigin: Sendable, Hashable, Codable {
    /// The shard's index in the corpus's list of shards.
    public var shard: Int
    /// The line of the document in the uncompressed shard, counted from 1.
    public var line: Int
    /// The offset of the row's first token in the document's tokens, BOS included.
    public var tokenOffset: Int

    public init(shard: Int, line: Int, tokenOffset: Int) {
        self.shard = shard
        self.line = line
        self.tokenOffset = tokenOffset
    }
}

/// A row as a packer makes it.
public struct PackedRow: Sendable, Equatable {
    /// The tokens without padding, at most a row's length.
    public var tokens: [TokenID]
    /// The places within the row, from 1, where another document begins; ascending.
    public var borders: [Int]
    /// Where the first token comes from.
    public var origin: RowOrigin

    public init(tokens: [TokenID], borders: [Int], origin: RowOrigin) {
        self.tokens = tokens
        self.borders = borders
        self.origin = origin
    }
}
