import Fixtures
import Testing

@testable import Corpus

@Suite struct ShardReaderTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func read(
        _ bytes: [UInt8], _ name: String = "a.jsonl", _ rules: RecordRules = RecordRules()
    ) throws -> (documents: [Document], skipped: [BadRecord]) {
        var reader = try ShardReader(path: try folder.write(bytes, to: name), domain: "web", rules: rules)
        var documents: [Document] = []
        while let document = try reader.next() { documents.append(document) }
        #expect(reader.documentCount == documents.count)
        #expect(reader.skippedCount == reader.skipped.count)
        return (documents, reader.skipped)
    }

    private func read(_ text: String, _ rules: RecordRules = RecordRules()) throws -> [String] {
        try read(Array(text.utf8), "a.jsonl", rules).documents.map { String(decoding: $0.text, as: UTF8.self) }
    }

    private func failure(_ bytes: [UInt8], _ name: String = "a.jsonl", _ rules: RecordRules = RecordRules()) throws
        -> CorpusError
    {
        try #require(throws: CorpusError.self) { try self.read(bytes, name, rules) }
    }

    private func badRecord(_ text: String, _ rules: RecordRules = RecordRules()) throws -> BadRecord {
        guard case .badRecord(let record) = try failure(Array(text.utf8), "a.jsonl", rules) else {
            throw CorpusError.encoding(reason: "another error")
        }
        return record
    }

    private let lines = (0..<300).map { #"{"text": "document \#($0) \#(String(repeating: "x", count: $0))"}"# + "\n" }
    private var texts: [String] { (0..<300).map { "document \($0) " + String(repeating: "x", count: $0) } }
    private var bytes: [UInt8] { Array(lines.joined().utf8) }

    @Test func everyCompressionGivesTheSameDocuments() throws {
        let cut = lines[..<120].joined().utf8.count + 5  // in the middle of a line
        let first = Array(bytes[..<cut]), second = Array(bytes[cut...])
        let forms: [(String, [UInt8])] = [
            ("a.jsonl", bytes),
            ("a.jsonl.zst", CompressedFiles.zstandard(bytes)),
            ("b.jsonl.zst", CompressedFiles.zstandard(first) + CompressedFiles.zstandard(second)),
            (
                "c.jsonl.zst",
                CompressedFiles.skippableFrame(9) + CompressedFiles.zstandard(first)
                    + CompressedFiles.skippableFrame(0) + CompressedFiles.zstandard(second)
                    + CompressedFiles.skippableFrame(3)
            ),
            ("d.jsonl.zst", CompressedFiles.zstandard([]) + CompressedFiles.zstandard(bytes)),
            ("a.jsonl.gz", CompressedFiles.gzip(bytes)),
            ("b.jsonl.gz", CompressedFiles.gzip(first) + CompressedFiles.gzip(second) + [0, 0, 0, 0]),
            ("unnamed", CompressedFiles.zstandard(bytes)),
        ]
        for (name, form) in forms {
            let documents = try read(form, name).documents
            #expect(documents.map { String(decoding: $0.text, as: UTF8.self) } == texts, "\(name)")
            #expect(documents.map(\.line) == Array(1...300), "\(name)")
            #expect(documents.allSatisfy { $0.domain == "web" && $0.shard == folder.path(name) })
        }
    }

    @Test func realRecordShapesAreRead() throws {
        let shapes = [
            #"{"text": "arxiv", "meta": {"timestamp": "2020", "yymm": "2001", "arxiv_id": "1", "language": "en", "url": "u"}}"#,
            #"{"meta": {"short_book_title": "b", "publication_date": 1913, "url": "u"}, "text": "book"}"#,
            #"{"pred_label": "__label__wiki", "pred_label_prob": 0.5, "wiki_prob": 0.5, "text": "cc", "source": "cc/2019-30/x/line4"}"#,
            #"{"text": "github", "meta": {"size": "1234", "binary": false, "copies": "1", "language": [{"name": "C", "bytes": "9"}], "id": 123456789012345678901234567890}}"#,
            #"{"text": "Q: a\n\nA: b \u00e9 \ud83d\ude80", "meta": null}"#,
            #"{"text":"slim","meta":{"redpajama_set_name":"RedPajamaC4"}}"#,
            "\u{FEFF}" + #"{"text":"bom"}"#,
            #"  {"id": [[[{"text": "inner"}]]], "text": "outer", "x": 1e999}  "# + "\r",
            #"{"te\u0078t": "escaped key"}"#,
        ]
        #expect(
            try shapes.map { try read($0)[0] } == [
                "arxiv", "book", "cc", "github", "Q: a\n\nA: b é 🚀", "slim", "bom", "outer", "escaped key",
            ])
        #expect(try read("\n\n{\"text\": \"a\"}\n  \r\n{\"text\": \"\"}") == ["a", ""])
        #expect(try read(Array("\n\n{\"text\": \"a\"}".utf8)).documents[0].line == 3)
        #expect(
            try read(#"{"content": {"body": "nested"}, "text": 1}"#, RecordRules(textField: "content.body")) == [
                "nested"
            ])
        #expect(try read(#"{"content.body": "dotted"}"#, RecordRules(textField: "content.body")) == ["dotted"])
    }

    @Test func recordsNameTheirDomainsUnderAnyAlias() throws {
        var rules = RecordRules(routeBy: "meta.redpajama_set_name")
        rules.domains = ["cc", "book"]
        let text = #"""
            {"meta": {"redpajama_set_name": "RedPajamaCommonCrawl"}, "text": "a"}
            {"text": "b", "meta": {"x": 1, "redpajama_set_name": "RedPajamaBook", "y": {}}}
            {"text": "c", "meta": "{\"redpajama_set_name\": \"common_crawl\"}"}
            """#
        #expect(try read(Array(text.utf8), "a.jsonl", rules).documents.map(\.domain) == ["cc", "book", "cc"])
        #expect(
            try badRecord(#"{"text": "", "meta": {"redpajama_set_name": "RedPajamaC4"}}"#, rules).reason
                == .unknownDomain(name: "RedPajamaC4"))
        let unrouted = try badRecord(#"{"text": "", "meta": {}}"#, rules)
        #expect(unrouted.reason == .missingRoute(name: "meta.redpajama_set_name", found: ["text", "meta"]))
        let advice = "\(CorpusError.badRecord(unrouted))"
        #expect(advice.contains("route_by") && !advice.contains("text_field"), "\(advice)")
        #expect(
            try badRecord(#"{"text": "", "meta": {"redpajama_set_name": 7}}"#, rules).reason
                == .missingRoute(name: "meta.redpajama_set_name", found: ["text", "meta"]))
    }

    @Test func unusableLinesAreNamedWithTheirPlace() throws {
        func record(_ line: String) throws -> BadRecord {
            try badRecord("{\"text\": \"ok\"}\n\(line)\n{\"text\": \"ok\"}\n")
        }
        #expect(
            try record("{\"title\": 1, \"body\": \"x\"}").reason
                == .missingField(name: "text", found: ["title", "body"]))
        #expect(try record("{}").reason == .missingField(name: "text", found: []))
        #expect(try record("{\"text\": [1]}").reason == .notAString(name: "text", found: "a list"))
        #expect(try record("{\"text\": null}").reason == .notAString(name: "text", found: "null"))
        for line in [
            "nonsense", "[1]", "\"text\"", "3", "{\"text\": \"x\"", "{\"text\": \"x\"} {}", "{\"text\": \"x",
            "{\"text\" \"x\"}",
            "{\"text\": \"x\" \"y\": 1}", "{\"text\": \"\\ud800\"}", "{\"text\": \"a\u{1}b\"}", "{", "}", "{\"text\"",
            "\u{0}",
        ] {
            let found = try record(line)
            #expect(found.line == 2 && found.byteOffset == 15, "\(line)")
            guard case .notJSON = found.reason else {
                Issue.record("\(line): \(found.reason)")
                continue
            }
        }
        let broken = Array("{\"text\": \"ok\"}\n{\"text\": \"ab".utf8) + [0xFF] + Array("\"}\n".utf8)
        guard case .badRecord(let record) = try failure(broken) else { throw CorpusError.encoding(reason: "another") }
        #expect(record == BadRecord(path: folder.path("a.jsonl"), line: 2, byteOffset: 27, reason: .invalidUTF8))
        let text = CorpusError.badRecord(record).description
        #expect(text.contains("line 2") && text.contains("byte 27") && text.contains("on_bad_record: skip"))
    }

    @Test func skippedLinesAreCountedAndListed() throws {
        let text =
            "{\"text\": \"a\"}\nbad\n{\"text\": \"b\"}\n{\"x\": 1}\n" + String(repeating: "y", count: 500)
            + "\n{\"text\": \"c\"}"
        let rules = RecordRules(onBadRecord: .skip, maxDocumentBytes: 200)
        let (documents, skipped) = try read(Array(text.utf8), "a.jsonl", rules)
        #expect(documents.map(\.line) == [1, 3, 6])
        #expect(skipped.map(\.line) == [2, 4, 5])
        #expect(skipped[2].reason == .tooLong(limit: 200))
        #expect(try read(Array("bad\n".utf8), "a.jsonl", rules).documents.isEmpty)
    }

    @Test func lineLimitIsExactAndLongLinesAreNotKept() throws {
        let line = #"{"text": "0123456789"}"#
        #expect(try read(line + "\n" + line, RecordRules(maxDocumentBytes: line.utf8.count)).count == 2)
        #expect(
            try badRecord(line + "\n", RecordRules(maxDocumentBytes: line.utf8.count - 1)).reason
                == .tooLong(limit: line.utf8.count - 1))
        let long =
            "{\"text\": \"a\"}\n{\"text\": \"" + String(repeating: "z", count: 50 << 20) + "\"}\n{\"text\": \"b\"}\n"
        let packed = CompressedFiles.zstandard(Array(long.utf8))
        let rules = RecordRules(onBadRecord: .skip, maxDocumentBytes: 1 << 20)
        var reader = try ShardReader(path: try folder.write(packed, to: "long.jsonl.zst"), domain: "web", rules: rules)
        var kept: [Int] = []
        while let document = try reader.next() { kept.append(document.line) }
        #expect(kept == [1, 3])
        #expect(reader.skipped.map(\.line) == [2])
        #expect(reader.bufferBytes < 2 << 20)
        #expect(try badRecord(long, RecordRules()).reason == .tooLong(limit: 32 << 20))
    }

    @Test func truncatedAndCorruptShardsAreNamedWithTheirPlace() throws {
        let zst = CompressedFiles.zstandard(bytes), gz = CompressedFiles.gzip(bytes)
        for (name, whole) in [("t.jsonl.zst", zst), ("t.jsonl.gz", gz)] {
            for length in [1, 3, 9, whole.count / 2, whole.count - 1] {
                #expect(
                    try failure(Array(whole[..<length]), name) == .truncated(path: folder.path(name), offset: length))
            }
            let description = try failure(Array(whole.dropLast()), name).description
            #expect(
                description.contains(name) && description.contains("truncated")
                    && description.contains("fetch it again"))
        }
        var flipped = zst
        flipped[flipped.count - 2] ^= 0x55  // in the checksum
        guard case .corrupt = try failure(flipped, "t.jsonl.zst") else { throw CorpusError.encoding(reason: "another") }
        guard case .corrupt = try failure(bytes, "plain.jsonl.zst") else {
            throw CorpusError.encoding(reason: "another")
        }
        guard case .corrupt = try failure(bytes, "plain.jsonl.gz") else {
            throw CorpusError.encoding(reason: "another")
        }
        guard case .corrupt = try failure(zst + [1, 2, 3, 4, 5], "t.jsonl.zst") else {
            throw CorpusError.encoding(reason: "another")
        }
        guard case .corrupt = try failure(gz + Array("junk".utf8), "t.jsonl.gz") else {
            throw CorpusError.encoding(reason: "another")
        }
    }

    @Test func hugeWindowsAreRefused() throws {
        let error = try failure(CompressedFiles.zstandard(bytes, windowLog: 29), "w.jsonl.zst")
        guard case .corrupt(_, _, let reason, let remedy) = error else { throw error }
        #expect(reason.contains("window") && remedy.contains("zstd --long=27"))
        #expect(!error.description.contains("fetch it again"))
    }

    /// 64 MiB of line ends in some kilobytes: a shard is read in constant memory, but its time is the writer's to choose.
    @Test func whatExpandsBeyondAnyTextIsRefused() throws {
        let bomb = try folder.write(
            CompressedFiles.zstandard([UInt8](repeating: 0x0A, count: 64 << 20)), to: "bomb.jsonl.zst")
        let lines = JSONLines(try ShardStream(path: bomb, trustedBytes: 4 << 20), limit: 1 << 20)
        var count = 0
        let error = #expect(throws: CorpusError.self) { while try lines.next() != nil { count += 1 } }
        #expect(count >= 4 << 20 && count < 5 << 20)
        #expect(error?.description.contains("have become") == true)
        let plain = try folder.write(CompressedFiles.zstandard(bytes), to: "plain.jsonl.zst")
        let good = JSONLines(try ShardStream(path: plain, trustedBytes: 0), limit: 1 << 20)
        while try good.next() != nil {}
    }

    /// The second text is parsed by the parser that still holds what was found in the first, and makes it allocate anew.
    @Test(arguments: [100, 100_000]) func twoTextsOfOneNameKeepTheirOwnBytes(length: Int) throws {
        let rules = RecordRules(textField: "meta.text", routeBy: "meta.set")
        let found = String(repeating: "ab", count: length), later = String(repeating: "cd", count: 3 * length)
        let line = #"""
            {"meta":"{\"text\":\"\#(found)\"}","meta":"{\"pad\":\"\#(later)\",\"set\":\"wiki\"}"}
            """#
        let documents = try read(Array(line.utf8), "twice.jsonl", rules).documents
        #expect(documents.map(\.domain) == ["wiki"])
        #expect(documents.map { String(decoding: $0.text, as: UTF8.self) == found } == [true])
    }

    @Test func emptyAndMissingShardsAreRefused() throws {
        for name in ["e.jsonl", "e.jsonl.zst", "e.jsonl.gz"] {
            #expect(try failure([], name) == .emptyShard(path: folder.path(name)))
        }
        #expect(try failure(Array("\n \n".utf8)) == .emptyShard(path: folder.path("a.jsonl")))
        #expect(
            try failure(CompressedFiles.zstandard([]), "e.jsonl.zst") == .emptyShard(path: folder.path("e.jsonl.zst")))
        #expect(throws: CorpusError.self) { _ = try ShardReader(path: folder.path("absent.jsonl"), domain: "web") }
        #expect(throws: CorpusError.self) { _ = try ShardReader(path: folder.path, domain: "web") }
    }

    /// Whatever the bytes, reading ends with documents or with an error.
    @Test(arguments: 0..<6) func damagedShardsNeverCrash(seed: Int) throws {
        var random = RandomStream(seed: UInt64(seed), name: "damaged shards")
        let originals: [(String, [UInt8])] = [
            ("f.jsonl", Array(lines[..<20].joined().utf8)),
            ("f.jsonl.zst", CompressedFiles.zstandard(Array(lines[..<20].joined().utf8))),
            ("f.jsonl.gz", CompressedFiles.gzip(Array(lines[..<20].joined().utf8))),
        ]
        for _ in 0..<60 {
            for (name, original) in originals {
                var bytes = original
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    let at = Int.random(in: 0..<bytes.count, using: &random)
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes.remove(at: at)
                    default: bytes.insert(Array("{}[]\",:\\\n".utf8).randomElement(using: &random) ?? 0, at: at)
                    }
                }
                do {
                    let (documents, skipped) = try read(bytes, name, RecordRules(onBadRecord: .skip))
                    #expect(documents.count + skipped.count <= 200)
                    #expect(documents.allSatisfy { String(validating: $0.text, as: UTF8.self) != nil })
                } catch is CorpusError {}
            }
        }
    }
}
