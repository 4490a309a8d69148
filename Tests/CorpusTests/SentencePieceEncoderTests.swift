import Fixtures
import Testing

@testable import Corpus

/// Our own tables against SentencePiece itself, which judges every text.
@Suite struct SentencePieceEncoderTests {
    private struct Pair {
        let ours: SentencePieceTokenizer
        let judge: SentencePieceTokenizer

        init(_ model: [UInt8]) throws {
            ours = try SentencePieceTokenizer(model, path: "tokenizer.model")
            judge = try SentencePieceTokenizer(model, path: "tokenizer.model", asksLibrary: true)
        }

        func expectEqual(_ text: String, _ comment: String = "") throws {
            #expect(try ours.encode(text) == judge.encode(text), "\(comment) \(text.prefix(200).debugDescription)")
        }
    }

    private func llama2() throws -> Pair {
        let pair = try Pair(readSmallFile(FixtureFiles.fetched("llama2/tokenizer.model"), limit: 1 << 24))
        #expect(!pair.ours.asksLibrary && pair.judge.asksLibrary)
        return pair
    }

    private func scalars(_ range: ClosedRange<UInt32>, _ count: Int, _ random: inout RandomStream) -> String {
        var text = ""
        for _ in 0..<count {
            text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: range, using: &random)) ?? "\u{FFFD}")
        }
        return text
    }

    private let phrases = [
        "hello", " the", "Pruning", " don't", " x==y;", "return", "\tif (a[i] != b->c) {\n", "ß", " naïve", "Übung",
        "\u{2581}", "\u{2581}\u{2581}a", "a\u{2581}", "\u{2580}", "\u{2582}", "<0x41>", "<0xE2>", "<s>", "</s>",
        "<unk>", "[INST]",
        "\u{2047}", "\u{FFFD}", "👩‍👩‍👧", "🙂", "🇩🇪", "e\u{301}", "\u{301}\u{302}", "日本語のテキスト", "你好", "한국어", "नमस्ते", "مرحبا",
        "\u{0}", "\r\n", "\u{A0}", "\u{3000}", "\u{200B}", "0123456789", "3.14", "https://example.org/a?b=c&d=e",
    ]

    private func text(_ random: inout RandomStream) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 1...24, using: &random) {
            let length = Int.random(in: 1...6, using: &random)
            switch random.integer(below: 12) {
            case 0: text += scalars(0x20...0x7E, length, &random)
            case 1: text += scalars(0x61...0x7A, 5 * length, &random)
            case 2: text += scalars(0...0x1F, length, &random)
            case 3: text += scalars(0x7F...0x24F, length, &random)
            case 4: text += scalars(0x4E00...0x9FFF, length, &random)
            case 5: text += scalars(0x1F300...0x1FAFF, length, &random)
            case 6: text += scalars(1...0x10FFFF, length, &random)
            case 7: text += String(repeating: " ", count: length * length)
            default: text += phrases[Int(random.integer(below: UInt64(phrases.count)))]
            }
        }
        return text
    }

    /// What decoding gives back: U+2581 cannot be told from a space.
    private func withPlainSpaces(_ text: String) -> [UInt8] {
        Array(text.utf8).withUnsafeBufferPointer(ByteSpelling.withPlainSpaces)
    }

    @Test(arguments: 0..<6) func everyTextGetsTheLibrarysIds(seed: Int) throws {
        let pair = try llama2()
        var random = RandomStream(seed: UInt64(seed), name: "texts")
        for _ in 0..<80 {
            let text = text(&random)
            try pair.expectEqual(text)
            try pair.expectEqual(text)  // from the cache
            #expect(try pair.ours.decode(pair.ours.encode(text)) == withPlainSpaces(text))
        }
        try pair.expectEqual("")
    }

    @Test func wordsOfManyThousandsOfCharactersGetTheLibrarysIds() throws {
        let pair = try llama2()
        var random = RandomStream(seed: 1, name: "long words")
        for length in [39, 40, 41, 42, 1000, 12_000] {
            try pair.expectEqual(String(repeating: "a", count: length))
            try pair.expectEqual(String(repeating: " ", count: length))
            try pair.expectEqual(String(repeating: "\u{2581}x", count: length))
            try pair.expectEqual(scalars(0x61...0x6B, length, &random))
            try pair.expectEqual(scalars(0x4E00...0x4E40, length, &random))
        }
    }

    @Test(arguments: 0..<48) func oddVocabulariesGetTheLibrarysIds(seed: Int) throws {
        let characters = ["a", "b", "c", "é", "你", "好", "🙂", "\u{2581}"]
        let model = SmallSentencePieceModel(seed: seed, characters: characters, spacesLeadOnly: seed % 2 == 0)
        let pair = try Pair(model.bytes)
        #expect(!pair.ours.asksLibrary)
        var random = RandomStream(seed: UInt64(seed), name: "odd texts")
        let letters = characters + [" ", "d", "\n", "ü"]
        let hasSpace = model.pieces.contains { $0.spelling == "\u{2581}" }
        for length in [1, 2, 3, 5, 8, 13, 14, 15, 16, 17, 60, 400] {
            for _ in 0..<12 {
                let known = random.integer(below: 3) > 0 ? characters.count : letters.count
                let text = (0..<length).map { _ in letters[Int(random.integer(below: UInt64(known)))] }.joined()
                try pair.expectEqual(text, "seed \(seed):")
                // Without a piece for spaces their bytes are those of U+2581.
                guard model.fallsBackOnBytes, hasSpace else { continue }
                let spelt = try pair.ours.decode(pair.ours.encode(text))
                #expect(spelt == withPlainSpaces(text), "seed \(seed)")
            }
        }
    }

    @Test func aRunOfUnknownCharactersIsOneUnknownTokenAcrossSeams() throws {
        let pair = try Pair(SmallSentencePieceModel(["\u{2581}a", "\u{2581}", "a"]).bytes)
        #expect(!pair.ours.asksLibrary)
        #expect(try pair.ours.encode("x y zzz a") == [4, 0, 4, 0, 4, 0, 3])
        for text in ["xyz", "x\ny\nz", "axya", "a xy", "xa xa x", "x\u{2581}\u{2581}y"] { try pair.expectEqual(text) }
    }

    @Test func equalScoresMergeFromTheLeft() throws {
        var model = SmallSentencePieceModel(["a", "b", "ab", "ba", "aba"])
        model.opensWithSpace = false
        for index in model.pieces.indices { model.pieces[index].score = 0 }
        let pair = try Pair(model.bytes)
        #expect(try pair.ours.encode("bab") == [6, 4])
        for text in ["aba", "bab", "ababab", "bababa", "baab"] { try pair.expectEqual(text) }
    }

    @Test func whatNeedsTheLibraryGoesToIt() throws {
        let plain = SmallSentencePieceModel(["a", "ab", "\u{2581}"])
        #expect(try !Pair(plain.bytes).ours.asksLibrary)
        let changes: [(String, (inout SmallSentencePieceModel) -> Void)] = [
            ("Unigram", { $0.type = 1 }), ("spaces behind", { $0.treatsSpaceAsSuffix = true }),
            ("spaces removed", { $0.removesExtraSpaces = true }), ("spaces kept", { $0.escapesSpaces = false }),
            ("an unused piece", { $0.pieces.append(("aa", -9, .unused)) }),
            ("a control piece that text spells", { $0.pieces.append(("b", 0, .control)) }),
            ("a control piece like a normal one", { $0.pieces.append(("ab", 0, .control)) }),
            ("a score that is no number", { $0.pieces.append(("aa", .nan, .normal)) }),
        ]
        for (what, change) in changes {
            var model = plain
            change(&model)
            let pair = try Pair(model.bytes)
            #expect(pair.ours.asksLibrary, "\(what)")
            // SentencePiece refuses text that spells a control piece.
            try pair.expectEqual("a  aa a", what)
        }
    }

    @Test func manyThreadsGetTheSameIds() async throws {
        let tokenizer = try llama2().ours
        let texts = (UInt64(0)..<40).map { seed in
            var random = RandomStream(seed: seed, name: "threads")
            return text(&random)
        }
        let expected = try texts.map { try tokenizer.encode($0) }
        try await withThrowingTaskGroup(of: [[TokenID]].self) { group in
            for _ in 0..<4 { group.addTask { try texts.map { try tokenizer.encode($0) } } }
            for try await found in group { #expect(found == expected) }
        }
    }
}
