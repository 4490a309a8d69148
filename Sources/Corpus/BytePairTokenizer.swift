import CCorpus
import Synchronization

/// A byte-pair tokenizer read from a Hugging Face `tokenizer.json`: byte-level ones (GPT-2, LLaMA 3, Qwen, SmolLM) and
/// those converted from SentencePiece (LLaMA 2). Its ids are those of Hugging Face's `tokenizers`, token for token.
///
/// Encodes from many threads at once; each keeps its own cache of pieces.
public final class BytePairTokenizer: Tokenizer {
    public let vocabularySize: Int
    public let fingerprint: String
    public let beginOfText: TokenID?
    public let endOfText: TokenID?
    /// Whether merges start from bytes rather than from characters.
    public let isByteLevel: Bool

    private let vocabulary: BytePairVocabulary
    private let plan: BytePairPlan
    private let idle = Mutex<[BytePairEncoder]>([])

    /// Reads the `tokenizer.json` at `path`; the files beside it name the tokens that open and close a text.
    /// - Parameter parseSpecial: whether the characters of a special token mean that token.
    /// - Throws: `CorpusError.missing`, `.io` or `.tokenizer`.
    public convenience init(path: String, parseSpecial: Bool = false) throws(CorpusError) {
        let json = try readSmallFile(path, limit: Self.maximumBytes)
        try self.init(json: json, path: path, roles: TokenizerFile.roles(beside: path), parseSpecial: parseSpecial)
    }

    /// A `tokenizer.json` longer than this is none; 256 MiB.
    static let maximumBytes = 256 << 20

    init(json: [UInt8], path: String, roles: TokenRoles, parseSpecial: Bool) throws(CorpusError) {
        let vocabulary = try BytePairVocabulary(json: json, path: path)
        self.vocabulary = vocabulary
        let settings = vocabulary.settings
        isByteLevel = vocabulary.symbols == .bytes
        let normalizer = try TextNormalizer(settings, path: path)
        if isByteLevel, !normalizer.isIdentity {
            throw .tokenizer(
                path: path, reason: "a normalizer before byte-level merges is not supported",
                remedy: "use a vocabulary without one")
        }
        let steps = isByteLevel ? try PreTokenizer(settings.preTokenizer, path: path).steps : []
        plan = BytePairPlan(
            added: AddedTokens(vocabulary.addedTokens, parseSpecial: parseSpecial), normalizer: normalizer,
            steps: steps, ignoresMerges: settings.model.ignoresMerges ?? false,
            fusesUnknown: settings.model.fusesUnknown ?? false,
            fallsBackOnBytes: settings.model.fallsBackOnBytes ?? false)
        vocabularySize = vocabulary.size
        beginOfText = TokenizerFile.firstKnown(roles.beginOfText, TokenizerFile.usualBegins) {
            vocabulary.token(named: $0)
        }
        endOfText = TokenizerFile.firstKnown(roles.endOfText, TokenizerFile.usualEnds) { vocabulary.token(named: $0) }
        fingerprint = FileDigest.sha256(Array("byte pairs, special \(parseSpecial)\n".utf8) + json)
    }

    /// - Throws: `CorpusError.encoding` when the text is not UTF-8 or has 2 GiB and more.
    public func encode(_ utf8: Span<UInt8>, into tokens: inout [TokenID]) throws(CorpusError) {
        let waiting = idle.withLock { $0.popLast() }
        let encoder = if let waiting { waiting } else { try BytePairEncoder(vocabulary, plan) }
        defer { idle.withLock { $0.append(encoder) } }
        try utf8.withUnsafeBufferPointer { (text) throws(CorpusError) in
            guard cc_valid_utf8_length(text.baseAddress, text.count) == text.count else {
                throw .encoding(reason: "the text is not UTF-8")
            }
            guard text.count < Int(Int32.max) else { throw .encoding(reason: "the text is longer than 2 GiB") }
            try encoder.encode(text, into: &tokens)
        }
    }

    /// - Throws: `CorpusError.encoding` when an id is outside the vocabulary.
    public func decode(_ tokens: [TokenID]) throws(CorpusError) -> [UInt8] {
        var text: [UInt8] = []
        for token in tokens {
            guard token >= 0, Int(token) < vocabularySize else {
                throw .encoding(reason: "id \(token) is not below the vocabulary's size \(vocabularySize)")
            }
            text +=
                vocabulary.spellings[vocabulary.spellingStarts[Int(token)]..<vocabulary.spellingStarts[Int(token) + 1]]
        }
        if !isByteLevel, !plan.normalizer.isIdentity, text.first == 0x20 { text.removeFirst() }
        return text
    }
}
