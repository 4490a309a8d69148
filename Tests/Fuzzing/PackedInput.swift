internal import Corpus
internal import Fixtures

/// The `index.json` of a packed folder of one domain and the file of its rows, learned from and held out alike.
enum PackedInput {
    private static let name = "rows.bin"

    static func read(_ bytes: [UInt8], in folder: TemporaryDirectory) throws -> Bool {
        let parts = FuzzTarget.parts(bytes, atMost: 2)
        let path = try folder.write(parts.last ?? [], to: name)
        if parts.count == 2 { try folder.write(parts[0], to: "index.json") }
        do throws(CorpusError) {
            try look(try PackedDataset(path: path))
            guard parts.count == 2 else { return true }
            let corpus = try PackedCorpus(at: folder.path)
            for (domain, _) in corpus.domains.enumerated() {
                for split in CorpusSplit.allCases {
                    let count = (split == .training ? corpus.trainingRowCounts : corpus.validationRowCounts)[domain]
                    let rows = (0..<min(count, 32)).map { RowID(domain: domain, row: $0) }
                    for row in rows { _ = corpus.origin(of: row, in: split) }
                    for borders in [DocumentBorders.joined, .separate] {
                        do throws(CorpusError) { _ = try corpus.batch(rows, from: split, borders: borders) } catch {
                            guard case .corrupt = error else { throw error }
                        }
                    }
                }
            }
            try corpus.verify()
        } catch { try FuzzTarget.note(error) }
        return true
    }

    private static func look(_ rows: PackedDataset) throws(CorpusError) {
        for row in 0..<min(rows.count, 64) {
            _ = rows.origin(of: row)
            do throws(CorpusError) {
                _ = try rows.sequence(row)
                _ = try rows.borders(of: row)
            } catch { guard case .corrupt = error else { throw error } }
        }
    }

    static func seeds() throws -> [[UInt8]] {
        try [(Packing.keepAll, 300), (.instructions, 70_000)].map { packing, vocabularySize in
            let folder = try TemporaryDirectory()
            let origin = RowOrigin(shard: 0, line: 1, tokenOffset: 0)
            var writer = try PackedShardWriter(
                path: folder.path(name), rowLength: 6, vocabularySize: vocabularySize)
            try writer.append(PackedRow(tokens: [1, 2, 3, 4, 5, 6], borders: [2, 4], origin: origin))
            try writer.append(PackedRow(tokens: [7, 8, 9], borders: [1], origin: origin))
            _ = try writer.commit()
            let digest = try FileDigest.sha256(ofFile: folder.path(name))
            let rows = """
                {"file":"\(name)","rows":2,"tokens":9,"dropped_tokens":0,"tokens_beyond_limit":0,"documents":2,\
                "text_bytes":9,"sha256":"\(digest)"}
                """
            let index = """
                {"schema":1,"packing":"\(packing.rawValue)","borders":"separate","sequence_length":6,\
                "vocabulary_size":\(vocabularySize),"tokenizer":"t","domains":[{"name":"wiki","training":\(rows),\
                "validation":\(rows)}],"shards":["wiki.jsonl"]}
                """
            return FuzzTarget.joined([Array(index.utf8), try folder.read(name)])
        }
    }
}
