/// What a packed folder holds: the content of its `index.json`, written last.
public struct PackedIndex: Codable, Sendable, Equatable {
    /// The version of the format; 1.
    public var schema = 1
    /// How documents became rows.
    public var packing: Packing
    /// Whether a model may look across the borders of documents.
    public var borders: DocumentBorders
    /// The tokens of a row.
    public var sequenceLength: Int
    /// The number of entries of the vocabulary.
    public var vocabularySize: Int
    /// The fingerprint of the tokenizer.
    public var tokenizer: String
    /// The domains, in the manifest's order.
    public var domains: [Domain]
    /// The shards that rows come from, as the manifest writes them; `RowOrigin.shard` is an index into them.
    public var shards: [String]

    /// The rows of one domain.
    public struct Domain: Codable, Sendable, Equatable {
        /// The domain's name.
        public var name: String
        /// The rows that are learned from.
        public var training: Rows
        /// The rows that are held out.
        public var validation: Rows
    }

    /// One packed file.
    public struct Rows: Codable, Sendable, Equatable {
        /// Its path below the folder.
        public var file: String
        /// The number of its rows.
        public var rows: Int
        /// The number of its tokens, without padding.
        public var tokens: Int
        /// The tokens that the packing dropped at the ends of files, as `shearing-v1` does.
        public var droppedTokens: Int
        /// The tokens that were left out because the domain had enough.
        public var tokensBeyondLimit: Int
        /// The documents that were read for it.
        public var documents: Int
        /// Their text in bytes of UTF-8.
        public var textBytes: Int
        /// The file's SHA-256, 64 hexadecimal digits.
        public var sha256: String
    }
}

/// Whether a model may look across the borders of documents within a row.
public enum DocumentBorders: String, Codable, Sendable, CaseIterable {
    /// Documents follow each other as one text; batches have no segments.
    case joined
    /// Batches have segments, and no document's last token predicts the next document's first.
    case separate
}
