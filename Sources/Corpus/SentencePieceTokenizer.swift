import CCorpus
import Synchronization

/// A tokenizer read from a SentencePiece `tokenizer.model` (LLaMA 1 and 2, Mistral, Gemma). Its ids are SentencePiece's,
/// token for token: models of type BPE are encoded by tables of our own, those that `SentencePieceVocabulary` does not
/// take by the original library.
///
/// Text is plain text: the characters of `<s>` are encoded as characters unless `parseSpecial` is set. Encodes from
/// many threads at once; each keeps its own cache of parts.
public final class SentencePieceTokenizer: Tokenizer {
    public let vocabularySize: Int
    public let fingerprint: String
    public let beginOfText: TokenID?
    public let endOfText: TokenID?

    private enum Engine {
        case tables(SentencePieceVocabulary)
        case library(SentencePieceLibrary)
    }

    private let engine: Engine
    private let added: AddedTokens
    private let spellings: [[UInt8]]
    /// Whether encoding puts a space in front, or takes those of the text away.
    private let dropsFirstSpace: Bool
    private let idle = Mutex<[SentencePieceEncoder]>([])

    /// Reads the model at `path`.
    /// - Parameter parseSpecial: whether the characters of a control piece, such as `<s>`, mean that piece.
    /// - Throws: `CorpusError.missing`, `.io` or `.tokenizer`.
    public convenience init(path: String, parseSpecial: Bool = false) throws(CorpusError) {
        let bytes = try readSmallFile(path, limit: BytePairTokenizer.maximumBytes)
        try self.init(bytes, path: path, parseSpecial: parseSpecial)
    }

    /// - Parameter asksLibrary: whether SentencePiece encodes whatever the model is, as the judge of our own tables.
    init(_ bytes: [UInt8], path: String, parseSpecial: Bool = false, asksLibrary: Bool = false) throws(CorpusError) {
        let library = try SentencePieceLibrary(bytes, path: path)
        let model = try? SentencePieceModel(bytes)
        if !asksLibrary, let tables = model.flatMap(SentencePieceVocabulary.init) {
            engine = .tables(tables)
        } else {
            engine = .library(library)
        }
        dropsFirstSpace = model.map { $0.opensWithSpace || $0.removesExtraSpaces } ?? true
        vocabularySize = library.size
        beginOfText = library.beginOfText
        endOfText = library.endOfText
        var spellings: [[UInt8]] = []
        var control: [TokenizerSettings.AddedToken] = []
        for id in 0..<vocabularySize {
            library.withPiece(id) { piece, kind in
                let isControl = kind == CC_PIECE_CONTROL || kind == CC_PIECE_UNKNOWN
                spellings.append(isControl ? [] : ByteSpelling.text(of: piece))
                if isControl {
                    control.append(
                        TokenizerSettings.AddedToken(
                            id: id, content: String(decoding: piece, as: UTF8.self), isSpecial: true))
                }
            }
        }
        self.spellings = spellings
        added = AddedTokens(control, parseSpecial: parseSpecial)
        fingerprint = FileDigest.sha256(Array("sentencepiece, special \(parseSpecial)\n".utf8) + bytes)
    }

    /// Whether SentencePiece itself encodes.
    var asksLibrary: Bool { if case .library = engine { true } else { false } }

    /// - Throws: `CorpusError.encoding` when the text is not UTF-8 or has 2 GiB and more, or for what the library
    ///   refuses.
    public func encode(_ utf8: Span<UInt8>, into tokens: inout [TokenID]) throws(CorpusError) {
        try utf8.withUnsafeBufferPointer { (text) throws(CorpusError) in
            guard cc_valid_utf8_length(text.baseAddress, text.count) == text.count else {
                throw .encoding(reason: "the text is not UTF-8")
            }
            guard text.count < Int(Int32.max) else { throw .encoding(reason: "the text is longer than 2 GiB") }
            var done = 0
            while let hit = added.next(in: text, from: done, .shared) {
                try encode(UnsafeBufferPointer(rebasing: text[done..<hit.range.lowerBound]), into: &tokens)
                tokens.append(hit.id)
                done = hit.range.upperBound
            }
            try encode(UnsafeBufferPointer(rebasing: text[done...]), into: &tokens)
        }
    }

    private func encode(_ text: UnsafeBufferPointer<UInt8>, into tokens: inout [TokenID]) throws(CorpusError) {
        guard !text.isEmpty else { return }
        switch engine {
        case .library(let library): try library.encode(text, into: &tokens)
        case .tables(let vocabulary):
            let encoder = idle.withLock { $0.popLast() } ?? SentencePieceEncoder(vocabulary)
            encoder.encode(text, into: &tokens)
            idle.withLock { $0.append(encoder) }
        }
    }

    /// - Throws: `CorpusError.encoding` when an id is outside the vocabulary.
    public func decode(_ tokens: [TokenID]) throws(CorpusError) -> [UInt8] {
        var text: [UInt8] = []
        for token in tokens {
            guard token >= 0, Int(token) < vocabularySize else {
                throw .encoding(reason: "id \(token) is not below the vocabulary's size \(vocabularySize)")
            }
            text += spellings[Int(token)]
        }
        if dropsFirstSpace, text.first == 0x20 { text.removeFirst() }
        return text
    }
}
