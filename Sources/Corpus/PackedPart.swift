/// What one shard gave, kept under the fingerprint of all that decides it until the whole folder is packed.
///
/// Its files are not flushed to disk one by one; their digests tell whether they survived.
struct PackedPart: Codable, Sendable, Equatable {
    var sha256: String
    var bytes: Int
    var outputs: [Output]
    var skippedCount: Int
    var skipped: [BadRecord]

    /// The text that went to one split of one domain.
    struct Output: Codable, Sendable, Equatable {
        var domain: String
        var split: CorpusSplit
        /// The packed file, in the part's folder.
        var file: String
        var sha256: String
        var rows: Int
        var documents: Int
        var textBytes: Int
        var tokens: Int
        var droppedTokens: Int
        /// What did not fill a row, under a packing that drops nothing.
        var rest: [Rest]
    }

    struct Rest: Codable, Sendable, Equatable {
        var line: Int
        var tokenOffset: Int
        var tokens: [TokenID]
    }

    func output(_ domain: String, _ split: CorpusSplit) -> Output? {
        outputs.first { $0.domain == domain && $0.split == split }
    }

    /// All that decides a part; its digest names the part's folder.
    struct Key: Codable {
        var format = 2
        var path: String
        var sha256: String
        var split: CorpusSplit
        var domain: String?
        var domains: [String]
        var heldOut: [Double]
        var records: RecordForm
        var textField: String
        var routeBy: String?
        var onBadRecord: BadRecordPolicy
        var maxDocumentBytes: Int
        var tokenizer: String
        var vocabularySize: Int
        var settings: PackingSettings
    }

    /// The part that `folder` holds complete; nil when it holds none.
    static func load(from folder: String, sequenceLength: Int) -> PackedPart? {
        guard let part = try? JSONFile.read(PackedPart.self, from: "\(folder)/part.json") else { return nil }
        for output in part.outputs {
            guard let rows = try? PackedDataset(path: "\(folder)/\(output.file)"), rows.count == output.rows,
                rows.sequenceLength == sequenceLength, rows.digest() == output.sha256
            else { return nil }
        }
        return part
    }
}

/// One packed file of a part while it is written.
final class PackedPartOutput {
    let domain: String
    let split: CorpusSplit
    private let file: String
    private var writer: PackedShardWriter?
    private var packer: SequencePacker
    private var examples: ExamplePacker
    private(set) var rows = 0
    private var documents = 0
    private var textBytes = 0

    init(
        domain: String, split: CorpusSplit, file: String, folder: String, settings: PackingSettings, vocabularySize: Int
    ) throws(CorpusError) {
        self.domain = domain
        self.split = split
        self.file = file
        writer = try PackedShardWriter(
            path: "\(folder)/\(file)", rowLength: settings.sequenceLength, vocabularySize: vocabularySize)
        packer = SequencePacker(packing: settings.packing, rowLength: settings.sequenceLength)
        examples = ExamplePacker(rowLength: settings.sequenceLength)
    }

    /// Adds a document; `answerStart` is the place of its answer's first token, where it has one.
    func append(_ tokens: [TokenID], answerStart: Int?, line: Int, textBytes: Int) throws(CorpusError) {
        documents += 1
        self.textBytes += textBytes
        let origin = RowOrigin(shard: 0, line: line, tokenOffset: 0)
        if packer.packing == .instructions {
            try examples.append(tokens, answerStart: answerStart ?? 0, from: origin, emit: write)
        } else {
            try packer.append(tokens, from: origin, emit: write)
        }
    }

    private func write(_ row: PackedRow) throws(CorpusError) {
        try writer?.append(row)
        rows += 1
    }

    /// Completes the file.
    func finish() throws(CorpusError) -> PackedPart.Output {
        var rest: [PackedPart.Rest] = []
        switch packer.packing {
        case .shearingV1: packer.finish { _ in }
        case .instructions: try examples.finish(emit: write)
        case .keepAll:
            rest = packer.takeRest().map {
                PackedPart.Rest(line: $0.origin.line, tokenOffset: $0.origin.tokenOffset, tokens: $0.tokens)
            }
        }
        let digest = try writer.take()?.commit(isDurable: false).digest()
        return PackedPart.Output(
            domain: domain, split: split, file: file, sha256: digest ?? "", rows: rows, documents: documents,
            textBytes: textBytes,
            tokens: packer.tokenCount + examples.tokenCount,
            droppedTokens: packer.droppedTokens + examples.droppedTokens, rest: rest)
    }
}
