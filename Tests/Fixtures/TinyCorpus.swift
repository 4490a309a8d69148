public import Corpus
internal import Glibc

/// A packed corpus of three domains that differ in how easily they are predicted.
///
/// A document of a domain repeats a few tokens of the domain's own range in order, with some noise: `code` is nearly
/// regular, `wiki` half so, `book` mostly noise.
public enum TinyCorpus {
    /// The domains, in the corpus's order.
    public static let domains = ["wiki", "code", "book"]
    /// One more than the largest token.
    public static let vocabularySize = 64

    /// Writes the corpus into `folder`, which exists, and opens it.
    /// - Parameters:
    ///   - trainingRows: Rows of each domain.
    ///   - validationRows: Held-out rows of each domain; 0 leaves a domain without.
    public static func make(
        in folder: String, trainingRows: [Int] = [40, 40, 40], validationRows: [Int] = [6, 6, 6],
        sequenceLength: Int = 16, separateDocuments: Bool = false, seed: UInt64 = 1
    ) throws -> PackedCorpus {
        var random = RepeatableRandom(seed)
        var entries: [String] = []
        for (domain, name) in domains.enumerated() {
            var files: [String] = []
            for (split, count) in [("training", trainingRows[domain]), ("validation", validationRows[domain])] {
                let file = "\(name).\(split).bin"
                var writer = try PackedShardWriter(
                    path: "\(folder)/\(file)", rowLength: sequenceLength, vocabularySize: vocabularySize)
                for row in 0..<count {
                    let tokens = Self.tokens(domain: domain, count: sequenceLength, random: &random)
                    let borders = separateDocuments && row % 3 == 0 ? [sequenceLength / 2] : []
                    try writer.append(
                        PackedRow(
                            tokens: tokens, borders: borders,
                            origin: RowOrigin(shard: domain, line: row + 1, tokenOffset: 0)))
                }
                _ = try writer.commit()
                let digest = try FileDigest.sha256(ofFile: "\(folder)/\(file)")
                files.append(
                    """
                    "\(split)": {"file": "\(file)", "rows": \(count), "tokens": \(count * sequenceLength),
                    "dropped_tokens": 0, "tokens_beyond_limit": 0, "documents": \(count), "text_bytes": 0,
                    "sha256": "\(digest)"}
                    """)
            }
            entries.append("{\"name\": \"\(name)\", \(files.joined(separator: ", "))}")
        }
        let index = """
            {"schema": 1, "packing": "keep-all", "borders": "\(separateDocuments ? "separate" : "joined")",
            "sequence_length": \(sequenceLength), "vocabulary_size": \(vocabularySize), "tokenizer": "tiny",
            "domains": [\(entries.joined(separator: ", "))],
            "shards": ["wiki.jsonl", "code.jsonl", "book.jsonl"]}
            """
        guard let file = fopen("\(folder)/index.json", "w") else {
            throw TemporaryDirectory.Failure(reason: String(cString: strerror(errno)))
        }
        defer { fclose(file) }
        fputs(index, file)
        fflush(file)
        return try PackedCorpus(at: folder)
    }

    private static func tokens(domain: Int, count: Int, random: inout RepeatableRandom) -> [TokenID] {
        let noise = [0.5, 0.1, 0.9][domain]
        let first = Int32(domain * 20)
        var place = Int32.random(in: 0..<5, using: &random)
        return (0..<count).map { _ in
            place = (place + 1) % 5
            if Double.random(in: 0..<1, using: &random) < noise {
                return first + Int32.random(in: 0..<20, using: &random)
            }
            return first + place
        }
    }
}
