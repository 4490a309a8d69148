/// What a reader does with a line that is no usable record.
public enum BadRecordPolicy: String, Codable, Sendable, CaseIterable {
    /// The first one ends the reading with `CorpusError.badRecord`.
    case stop
    /// It is left out, counted and listed.
    case skip
}

/// How the lines of a shard become documents.
public struct RecordRules: Sendable, Equatable {
    /// The field that holds the text.
    public var textField: String
    /// A dotted path to the field that names the domain, such as `meta.redpajama_set_name`.
    public var routeBy: String?
    /// What to do with unusable lines.
    public var onBadRecord: BadRecordPolicy
    /// The longest line, in bytes, that is read at all.
    public var maxDocumentBytes: Int
    /// The domains that a routing field may name, under any of their aliases; empty takes every name as it is.
    public var domains: [String] = []

    public init(
        textField: String = "text", routeBy: String? = nil, onBadRecord: BadRecordPolicy = .stop,
        maxDocumentBytes: Int = 32 << 20
    ) {
        self.textField = textField
        self.routeBy = routeBy
        self.onBadRecord = onBadRecord
        self.maxDocumentBytes = maxDocumentBytes
    }
}

/// Reads the documents of one shard (`.jsonl`, `.jsonl.zst`, `.jsonl.gz`) in order, in memory that does not grow
/// with the shard.
public struct ShardReader: ~Copyable {
    /// The shard's path.
    public let path: String
    /// The unusable lines met so far, under `on_bad_record: skip` (the first 10,000 of them).
    public private(set) var skipped: [BadRecord] = []
    /// How many lines were unusable so far.
    public private(set) var skippedCount = 0

    /// Opens the shard; `domain` is given to every document that its routing field does not send elsewhere.
    /// - Throws: `CorpusError.missing`, `.io`, or what the first bytes give.
    public init(path: String, domain: String, rules: RecordRules = RecordRules()) throws(CorpusError) {
        self.path = path
    }

    /// The next document, or nil at the end of the shard.
    /// - Throws: `CorpusError.truncated`, `.corrupt`, `.emptyShard`, `.io`, and `.badRecord` under `stop`.
    public mutating func next() throws(CorpusError) -> Document? {
        nil
    }
}
