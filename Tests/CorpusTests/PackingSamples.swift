import Corpus
import Fixtures

/// A tokenizer whose ids are the bytes; BOS is 256, EOS 257.
struct ByteTokenizer: Tokenizer {
    var vocabularySize = 258
    var beginOfText: TokenID? = 256
    var endOfText: TokenID? = 257
    /// Added to every byte; lifts ids above 65,535, or out of the vocabulary.
    var offset: TokenID = 0
    var fingerprint: String { "bytes-\(vocabularySize)-\(offset)" }

    func encode(_ utf8: Span<UInt8>, into tokens: inout [TokenID]) throws(CorpusError) {
        for index in utf8.indices { tokens.append(TokenID(utf8[index]) + offset) }
    }

    func decode(_ tokens: [TokenID]) throws(CorpusError) -> [UInt8] {
        tokens.compactMap { UInt8(exactly: $0 - offset) }
    }
}

/// Texts per shard per domain, written as JSON lines below a folder of their own.
struct SampleCorpus {
    let folder: TemporaryDirectory
    var manifest: CorpusManifest

    /// `texts[domain][shard]` are the documents; only letters, digits and blanks, so that JSON needs no escapes.
    init(_ texts: [[[String]]], validation: [[String]] = [], fraction: Double? = nil) throws {
        folder = try TemporaryDirectory()
        var domains: [CorpusManifest.Domain] = []
        for (number, shards) in texts.enumerated() {
            let name = Self.names[number]
            for (shard, documents) in shards.enumerated() {
                try folder.write(Self.lines(documents), to: "\(name)-\(shard).jsonl")
            }
            var domain = CorpusManifest.Domain(name: name, shards: ["\(name)-*.jsonl"])
            domain.validationFraction = fraction
            if number < validation.count {
                try folder.write(Self.lines(validation[number]), to: "held-\(name).jsonl")
                domain.validation = ["held-\(name).jsonl"]
            }
            domains.append(domain)
        }
        manifest = CorpusManifest(name: "sample", domains: domains)
        manifest.folder = folder.path
    }

    static let names = ["web", "code", "books", "answers", "encyclopedia", "papers", "crawl"]

    static func lines(_ documents: [String]) -> String {
        documents.map { "{\"text\": \"\($0)\"}\n" }.joined()
    }

    /// Documents of random lengths.
    static func documents(_ count: Int, lengths: ClosedRange<Int>, _ random: inout RandomStream) -> [String] {
        let letters = Array("abcdefghijklmnopqrstuvwxyz 0123456789")
        return (0..<count).map { _ in
            let length = Int(random.integer(below: UInt64(lengths.count))) + lengths.lowerBound
            return String((0..<length).map { _ in letters[Int(random.integer(below: UInt64(letters.count)))] })
        }
    }

    /// Four domains of 40, 11, 25 and 7 rows of 4 tokens.
    static let small = Result { try packed(rows: [40, 11, 25, 7]) }

    /// A packed folder with exactly `rows[domain]` training rows of `columns` tokens and one held-out row each.
    static func packed(rows: [Int], columns: Int = 4) throws -> (TemporaryDirectory, PackedCorpus) {
        var random = RandomStream(seed: 5, name: "packed sample")
        let texts = rows.map { [documents(1, lengths: ($0 * columns)...($0 * columns), &random)] }
        let held = rows.map { _ in documents(1, lengths: columns...columns, &random) }
        let sample = try SampleCorpus(texts, validation: held)
        let settings = PackingSettings(
            sequenceLength: columns, packing: .keepAll, marksBeginning: false, marksEnd: false)
        let packer = try CorpusPacker(
            corpus: try sample.manifest.resolved(), tokenizer: ByteTokenizer(), settings: settings, threads: 1)
        return (sample.folder, try packer.pack(into: sample.folder.path("packed")))
    }
}
