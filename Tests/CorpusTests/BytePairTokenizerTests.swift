import Fixtures
import FoundationEssentials
import Testing

@testable import Corpus

/// What Hugging Face `tokenizers` and SentencePiece made of the golden texts; MANIFEST.json beside it has the versions.
struct TokenizerGolden: Decodable {
    struct Trained: Decodable {
        var tokenizer: String
        var ids: [[TokenID]]
        var special: [[TokenID]]
    }
    struct Fetched: Decodable {
        var ids: [[TokenID]]
        var special: [[TokenID]]?
    }
    var texts: [String]
    var trained: [String: Trained]
    var fetched: [String: Fetched]

    static func load() throws -> TokenizerGolden {
        let bytes = try readSmallFile(FixtureFiles.golden("tokenizer_ids.json"), limit: 1 << 24)
        return try JSONDecoder().decode(TokenizerGolden.self, from: Data(bytes))
    }
}

@Suite struct BytePairTokenizerTests {
    private let golden: TokenizerGolden

    init() throws { golden = try TokenizerGolden.load() }

    private func trained(_ name: String, parseSpecial: Bool = false) throws -> BytePairTokenizer {
        let entry = try #require(golden.trained[name])
        return try BytePairTokenizer(
            json: Array(entry.tokenizer.utf8), path: name, roles: TokenRoles(), parseSpecial: parseSpecial)
    }

    private func refusal(_ json: String) throws -> String {
        try #require(throws: CorpusError.self) {
            try BytePairTokenizer(json: Array(json.utf8), path: "t.json", roles: TokenRoles(), parseSpecial: false)
        }.description
    }

    @Test(arguments: [
        "gpt2", "gpt2-prefix-space", "smollm", "digit-runs", "llama3", "qwen2", "other-isolated", "other-removed",
        "other-previous", "other-next", "other-contiguous", "literal", "sentencepiece", "unknown", "metaspace",
        "metaspace-split",
    ])
    func everyWayOfCuttingGivesTheOriginalsIds(name: String) throws {
        let expected = try #require(golden.trained[name])
        for (parseSpecial, ids) in [(false, expected.ids), (true, expected.special)] {
            let tokenizer = try trained(name, parseSpecial: parseSpecial)
            for _ in 0..<2 {  // the second time from the cache
                for (text, ids) in zip(golden.texts, ids) {
                    #expect(
                        try tokenizer.encode(text) == ids, "\(name), special \(parseSpecial): \(text.debugDescription)")
                }
            }
        }
    }

    @Test(arguments: ["smollm2", "llama2"]) func fetchedVocabulariesGiveTheOriginalsIds(name: String) throws {
        let expected = try #require(golden.fetched[name])
        let path = try FixtureFiles.fetched("\(name)/tokenizer.json")
        for (parseSpecial, ids) in [(false, expected.ids), (true, try #require(expected.special))] {
            let tokenizer = try BytePairTokenizer(path: path, parseSpecial: parseSpecial)
            for (text, ids) in zip(golden.texts, ids) {
                #expect(try tokenizer.encode(text) == ids, "special \(parseSpecial): \(text.debugDescription)")
            }
        }
    }

    @Test func folderOfSmolLM2SaysItsRoles() throws {
        let folder = try FixtureFiles.fetched("smollm2")
        let tokenizer = try loadTokenizer(at: folder)
        #expect(tokenizer.vocabularySize == 49152)
        #expect(tokenizer.beginOfText == 1 && tokenizer.endOfText == 2)
        #expect(tokenizer is BytePairTokenizer)
        #expect(tokenizer.fingerprint.utf8.count == 64)
        #expect(try loadTokenizer(at: folder).fingerprint == tokenizer.fingerprint)
        #expect(try loadTokenizer(at: folder, parseSpecial: true).fingerprint != tokenizer.fingerprint)
    }

    @Test func decodingGivesTheTextBack() throws {
        let tokenizer = try loadTokenizer(at: FixtureFiles.fetched("smollm2"))
        let spelt = golden.texts.filter { text in
            !text.unicodeScalars.contains { $0.value < 32 && $0 != "\n" && $0 != "\t" && $0 != "\r" }
        }
        for text in spelt where !text.contains("\u{10FFFF}") {
            #expect(String(decoding: try tokenizer.decode(tokenizer.encode(text)), as: UTF8.self) == text)
        }
        let characters = try trained("sentencepiece")
        for text in golden.texts where !text.contains("\u{2581}") {
            #expect(String(decoding: try characters.decode(characters.encode(text)), as: UTF8.self) == text)
        }
        #expect(try tokenizer.decode([0, 1, 2]).isEmpty)
        #expect(throws: CorpusError.self) { try tokenizer.decode([49152]) }
        #expect(throws: CorpusError.self) { try tokenizer.decode([-1]) }
    }

    @Test func textThatIsNotUTF8IsRefused() throws {
        let tokenizer = try trained("gpt2")
        for bytes: [UInt8] in [
            [0xFF], [0x61, 0xC3], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0x80], [0xE2, 0x96],
        ] {
            #expect(throws: CorpusError.encoding(reason: "the text is not UTF-8")) { try tokenizer.encode(bytes) }
        }
    }

    @Test func longPiecesTakeTimeInProportion() throws {
        let tokenizer = try trained("gpt2")
        let clock = ContinuousClock()
        func duration(_ count: Int) throws -> Duration {
            let text = [UInt8](repeating: 0x61, count: count) + Array("ab".utf8)
            return try (0..<3).map { _ in try clock.measure { _ = try tokenizer.encode(text) } }.min() ?? .zero
        }
        let short = try duration(1 << 15)
        let long = try duration(1 << 19)
        #expect(long < short * 200)  // sixteen times as much; quadratic would be 256
    }

    @Test func manyThreadsGiveTheSameIds() async throws {
        let tokenizer = try trained("llama3")
        let expected = try #require(golden.trained["llama3"]).ids
        let texts = golden.texts
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { (try? texts.map { try tokenizer.encode($0) }) == expected }
            }
            for await same in group { #expect(same) }
        }
    }

    @Test func hostileFilesAreRefusedWithReasons() throws {
        func model(_ vocabulary: String, _ merges: String = "[]", _ rest: String = "") -> String {
            "{\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},\"model\":{\"type\":\"BPE\",\"vocab\":\(vocabulary),\"merges\":\(merges)\(rest)}}"
        }
        #expect(try refusal("").contains("empty"))
        #expect(try refusal("{").contains("not JSON"))
        #expect(try refusal("[]").contains("object"))
        #expect(try refusal("{}").contains("model"))
        #expect(try refusal("{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}").contains("Unigram"))
        #expect(try refusal(model("{\"a\":-1}")).contains("impossible id"))
        #expect(try refusal(model("{\"a\":2000000000}")).contains("impossible id"))
        #expect(try refusal(model("{\"a\":\"x\"}")).contains("no integer"))
        #expect(try refusal(model("{\"a\":0,\"a\":1}")).contains("twice"))
        #expect(try refusal(model("{\"a\":0}", "[\"a b\"]")).contains("no token"))
        #expect(try refusal(model("{\"a\":0}", "[\"a\"]")).contains("not a pair"))
        #expect(try refusal(model("{\"a\":0}", "[[\"a\",\"a\",\"a\"]]")).contains("not a pair"))
        #expect(try refusal(model("{\"a\":0}", "[7]")).contains("not text"))
        #expect(try refusal(model("{\"a\":0}", "[]", ",\"dropout\":0.1")).contains("dropout"))
        #expect(try refusal(model("{\"a\":0}", "[]", ",\"end_of_word_suffix\":\"</w>\"")).contains("suffix"))
        #expect(
            try refusal("{\"normalizer\":{\"type\":\"NFC\"},\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}").contains(
                "NFC"))
        #expect(
            try refusal("{\"pre_tokenizer\":{\"type\":\"Whitespace\"},\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}")
                .contains("Whitespace"))
        #expect(
            try refusal(
                "{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\"},{\"type\":\"ByteLevel\"}]},\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}"
            ).contains("does not compile"))
    }

    /// Thirty replacements that each double the text would make a gigabyte of a letter.
    @Test func normalizersCannotBlowTextUp() throws {
        func file(_ normalizers: [String]) -> String {
            "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[\(normalizers.joined(separator: ","))]},"
                + "\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}"
        }
        let double = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aa\"}"
        let same = double.replacing("aa", with: "a")
        #expect(try refusal(file(Array(repeating: double, count: 30))).contains("blows text up"))
        #expect(try refusal(file(Array(repeating: same, count: 100_000))).contains("64 are the most"))
        let front = "{\"type\":\"Prepend\",\"prepend\":\"\(String(repeating: "a", count: 5000))\"}"
        #expect(try refusal(file([front])).contains("blows text up"))
    }

    /// One JSON reader takes the first of two equal keys, another the last.
    @Test func anIdThatStandsTwiceCannotLeaveTheVocabulary() throws {
        let text =
            "{\"added_tokens\":[{\"id\":1,\"id\":9000000000,\"content\":\"<x>\"}],"
            + "\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}"
        do throws(CorpusError) {
            let tokenizer = try BytePairTokenizer(
                json: Array(text.utf8), path: "t.json", roles: TokenRoles(), parseSpecial: true)
            let ids = try tokenizer.encode("a<x>a")
            #expect(ids.allSatisfy { (0..<2).contains($0) })
        } catch {
            #expect(error.description.contains("impossible id"))
        }
    }

    @Test func hostilePatternsGiveUpInsteadOfHanging() throws {
        let json =
            "{\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a+)+(b+)+$\"},\"behavior\":\"Isolated\"},{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}]},\"model\":{\"vocab\":{\"a\":0,\"b\":1,\"c\":2},\"merges\":[]}}"
        let tokenizer = try BytePairTokenizer(
            json: Array(json.utf8), path: "t.json", roles: TokenRoles(), parseSpecial: false)
        let error = try #require(throws: CorpusError.self) {
            try tokenizer.encode(String(repeating: "a", count: 200) + String(repeating: "b", count: 200) + "c")
        }
        #expect(error.description.contains("gives up"))
    }
}
