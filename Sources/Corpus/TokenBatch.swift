/// One row of a packed corpus.
public struct RowID: Sendable, Hashable, Codable {
    /// The domain's index in the corpus.
    public var domain: Int
    /// The row's index in the domain's training or validation rows.
    public var row: Int

    public init(domain: Int, row: Int) {
        self.domain = domain
        self.row = row
    }
}

/// Rows of tokens with what is to be predicted, host data ready to become tensors.
public struct TokenBatch: Sendable, Equatable {
    /// Token ids, `[rows, columns]` in row-major order; padding repeats id 0.
    public var tokens: [Int32]
    /// The token after each position, `[rows, columns]`; -1 where nothing is counted: at a row's last token, in
    /// padding and, where documents are kept apart, at a document's last token.
    public var targets: [Int32]
    /// The number within its row of the document that each position belongs to, `[rows, columns]` from 0; padding
    /// is a document of its own. Nil where documents are joined.
    public var segments: [Int32]?
    /// The domain of each row, `[rows]`.
    public var domains: [Int]
    /// Where each row comes from, `[rows]`.
    public var rowIDs: [RowID]
    /// The number of rows.
    public var rows: Int
    /// The number of positions of a row.
    public var columns: Int

    public init(
        tokens: [Int32], targets: [Int32], segments: [Int32]?, domains: [Int], rowIDs: [RowID], rows: Int, columns: Int
    ) {
        self.tokens = tokens
        self.targets = targets
        self.segments = segments
        self.domains = domains
        self.rowIDs = rowIDs
        self.rows = rows
        self.columns = columns
    }

    /// The number of positions with a target.
    public var countedTokens: Int {
        targets.reduce(0) { $0 + ($1 >= 0 ? 1 : 0) }
    }
}
