/// What a packed folder was made of: the content of its `data.lock.json`.
public struct PackedLock: Codable, Sendable, Equatable {
    /// The version of the format; 1.
    public var schema = 1
    /// The corpus's name.
    public var corpus: String
    /// The fingerprint of the tokenizer.
    public var tokenizer: String
    /// How the text was packed.
    public var settings: PackingSettings
    /// The shards that were read, in the order of the corpus.
    public var shards: [Shard]
    /// What each domain came to.
    public var domains: [PackedIndex.Domain]
    /// How many records were left out as unusable, under `on_bad_record: skip`.
    public var skippedCount: Int
    /// The first 10,000 of them of each shard; paths are as in the manifest.
    public var skipped: [BadRecord]

    /// One shard, as it was read.
    public struct Shard: Codable, Sendable, Equatable {
        /// Its path as the manifest writes it.
        public var path: String
        /// Whether its text is learned from or held out.
        public var split: CorpusSplit
        /// The domain of all its documents; nil when each names its own.
        public var domain: String?
        /// Its size in bytes.
        public var bytes: Int
        /// Its SHA-256, 64 hexadecimal digits.
        public var sha256: String
        /// The documents that were read.
        public var documents: Int
        /// Their text in bytes of UTF-8.
        public var textBytes: Int
        /// Their tokens, marks included.
        public var tokens: Int
        /// The records that were left out as unusable.
        public var skippedCount: Int
    }
}
