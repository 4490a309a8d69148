/// What a reader does with a line that is no usable record.
public enum BadRecordPolicy: String, Codable, Sendable, CaseIterable {
    /// The first one ends the reading with `CorpusError.badRecord`.
    case stop
    /// It is left out, counted and listed.
    case skip
}

/// How the lines of a shard become documents.
public struct RecordRules: Sendable, Equatable {
    /// What a line is.
    public var form: RecordForm
    /// The field that holds the text, of plain text.
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
        form: RecordForm = .text, textField: String = "text", routeBy: String? = nil,
        onBadRecord: BadRecordPolicy = .stop, maxDocumentBytes: Int = 32 << 20
    ) {
        self.form = form
        self.textField = textField
        self.routeBy = routeBy
        self.onBadRecord = onBadRecord
        self.maxDocumentBytes = maxDocumentBytes
    }
}

/// Reads the documents of one shard (`.jsonl`, `.jsonl.zst`, `.jsonl.gz`) in order, in memory that does not grow
/// with the shard.
///
/// Checked of every line: that it is UTF-8, that its JSON object is complete, that the wanted fields are strings. The
/// other fields may hold anything; blank lines are passed over.
public struct ShardReader: ~Copyable {
    /// The shard's path.
    public let path: String
    /// The unusable lines met so far, under `on_bad_record: skip`: the first `listedSkips` of them.
    public private(set) var skipped: [BadRecord] = []
    /// How many lines were unusable so far.
    public private(set) var skippedCount = 0
    /// How many documents were read so far.
    public private(set) var documentCount = 0

    /// How many skipped lines are listed; all are counted.
    public static let listedSkips = 10_000

    /// The size of the buffer that holds a line: at most the longest allowed line and a quarter of a mebibyte.
    var bufferBytes: Int { lines.bufferBytes }

    private let domain: String
    private let rules: RecordRules
    private let lines: JSONLines
    private let parse: LineParser

    private typealias LineParser = (UnsafeBufferPointer<UInt8>) throws(CorpusError) -> RecordParser.Outcome

    /// Opens the shard; `domain` is given to every document that names none of its own.
    /// - Throws: `CorpusError.missing`, `.io`, or what the first bytes give.
    public init(path: String, domain: String, rules: RecordRules = RecordRules()) throws(CorpusError) {
        let parse = try Self.parser(rules, path: path)
        let stream = try ShardStream(path: path)
        self.path = path
        self.domain = domain
        self.rules = rules
        lines = JSONLines(stream, limit: rules.maxDocumentBytes)
        self.parse = parse
    }

    private static func parser(_ rules: RecordRules, path: String) throws(CorpusError) -> LineParser {
        switch rules.form {
        case .text:
            let parser = try RecordParser(rules, path: path)
            return { (line) throws(CorpusError) in try parser.parse(line) }
        case .instructions:
            let parser = try InstructionParser(rules, path: path)
            return { (line) throws(CorpusError) in try parser.parse(line) }
        }
    }

    /// Opens a shard of a resolved corpus.
    /// - Throws: as `init(path:domain:rules:)`.
    public init(_ shard: ResolvedShard, of corpus: ResolvedCorpus) throws(CorpusError) {
        var rules = corpus.rules
        if shard.domain != nil { rules.routeBy = nil }
        try self.init(path: shard.absolutePath, domain: shard.domain ?? "", rules: rules)
    }

    /// The next document, or nil at the end of the shard.
    /// - Throws: `CorpusError.truncated`, `.corrupt`, `.emptyShard`, `.io`, and `.badRecord` under `stop`.
    public mutating func next() throws(CorpusError) -> Document? {
        while let line = try lines.next() {
            guard let bytes = line.bytes else {
                try leaveOut(line, .tooLong(limit: rules.maxDocumentBytes), offset: line.offset)
                continue
            }
            let content = line.number == 1 ? withoutByteOrderMark(bytes) : bytes
            if isBlank(content) { continue }
            switch try parse(content) {
            case .document(let text, let answerStart, let routed):
                documentCount += 1
                return Document(
                    text: text, answerStart: answerStart, domain: routed ?? domain, shard: path, line: line.number)
            case .unusable(let reason, let offset):
                let lead = bytes.count - content.count
                try leaveOut(line, reason, offset: line.offset + lead + (offset ?? 0))
            }
        }
        if documentCount == 0, skippedCount == 0 { throw .emptyShard(path: path) }
        return nil
    }

    private mutating func leaveOut(
        _ line: JSONLines.Line, _ reason: BadRecordReason, offset: Int
    ) throws(CorpusError) {
        let record = BadRecord(path: path, line: line.number, byteOffset: offset, reason: reason)
        guard rules.onBadRecord == .skip else { throw .badRecord(record) }
        skippedCount += 1
        if skipped.count < Self.listedSkips { skipped.append(record) }
    }

    private func isBlank(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.allSatisfy { $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }
    }

    private func withoutByteOrderMark(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? UnsafeBufferPointer(rebasing: bytes.dropFirst(3)) : bytes
    }
}
