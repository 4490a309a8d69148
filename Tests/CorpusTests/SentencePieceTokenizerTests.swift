import Fixtures
import FoundationEssentials
import Testing

@testable import Corpus

@Suite struct SentencePieceTokenizerTests {
    private let tokenizer: SentencePieceTokenizer

    init() throws { tokenizer = try SentencePieceTokenizer(path: FixtureFiles.fetched("llama2/tokenizer.model")) }

    private struct Vector: Decodable {
        var text: String
        var ids: [TokenID]
    }

    @Test func theLLaMA2VectorsAreReproduced() throws {
        let bytes = try readSmallFile(FixtureFiles.fetched("llama2/test_vectors.json"), limit: 1 << 20)
        let vectors = try JSONDecoder().decode([Vector].self, from: Data(bytes))
        #expect(vectors.count == 47)
        let pairs = try BytePairTokenizer(path: FixtureFiles.fetched("llama2/tokenizer.json"))
        for vector in vectors {
            #expect(try tokenizer.encode(vector.text) == vector.ids, "\(vector.text.debugDescription)")
            #expect(try pairs.encode(vector.text) == vector.ids, "\(vector.text.debugDescription)")
            #expect(String(decoding: try tokenizer.decode(vector.ids), as: UTF8.self) == vector.text)
        }
    }

    @Test func goldenTextsGiveTheOriginalsIds() throws {
        let golden = try TokenizerGolden.load()
        let expected = try #require(golden.fetched["llama2-sentencepiece"]).ids
        for (text, ids) in zip(golden.texts, expected) {
            #expect(try tokenizer.encode(text) == ids, "\(text.debugDescription)")
        }
    }

    @Test func theCharactersOfSpecialTokensAreTextUnlessAskedFor() throws {
        #expect(tokenizer.beginOfText == 1 && tokenizer.endOfText == 2)
        let text = "a<s>b</s>"
        let plain = try tokenizer.encode(text)
        #expect(!plain.contains(1) && !plain.contains(2))
        #expect(String(decoding: try tokenizer.decode(plain), as: UTF8.self) == text)
        let parsing = try SentencePieceTokenizer(
            path: FixtureFiles.fetched("llama2/tokenizer.model"), parseSpecial: true)
        let parsed = try parsing.encode(text)
        #expect(parsed == (try tokenizer.encode("a")) + [1] + (try tokenizer.encode("b")) + [2])
        #expect(parsing.fingerprint != tokenizer.fingerprint)
    }

    @Test func folderWithBothFilesUsesTheModel() throws {
        #expect(try loadTokenizer(at: FixtureFiles.fetched("llama2")) is SentencePieceTokenizer)
        #expect(try loadTokenizer(at: FixtureFiles.fetched("llama2")).vocabularySize == 32000)
    }

    @Test func otherFilesAreRefused() throws {
        let folder = try TemporaryDirectory()
        for bytes: [UInt8] in [[], Array("nonsense".utf8), [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]] {
            let path = try folder.write(bytes, to: "tokenizer.model")
            #expect(throws: CorpusError.self) { try SentencePieceTokenizer(path: path) }
        }
        #expect(throws: CorpusError.self) { try loadTokenizer(at: folder.path("absent")) }
        let empty = try TemporaryDirectory()
        #expect(throws: CorpusError.self) { try loadTokenizer(at: empty.path) }
        #expect(throws: CorpusError.encoding(reason: "the text is not UTF-8")) { try tokenizer.encode([0xFF, 0x41]) }
        #expect(throws: CorpusError.self) { try tokenizer.decode([32000]) }
    }
}
