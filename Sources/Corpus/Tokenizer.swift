/// One entry of a vocabulary: an index from 0 to `vocabularySize - 1`.
public typealias TokenID = Int32

/// A reversible mapping between UTF-8 text and token ids.
public protocol Tokenizer: Sendable {
    /// The number of ids, special and unused ones included: one more than the largest.
    var vocabularySize: Int { get }
    /// SHA-256 (64 hexadecimal digits) of what decides the ids; equal fingerprints mean equal encodings.
    var fingerprint: String { get }
    /// The id that opens a text (BOS), where the vocabulary has one.
    var beginOfText: TokenID? { get }
    /// The id that closes a text (EOS), where the vocabulary has one.
    var endOfText: TokenID? { get }
    /// Appends the ids of `utf8`, without BOS and EOS. Linear in its length up to a logarithm.
    /// - Throws: `CorpusError.encoding` when the text is not UTF-8 or too long for the tokenizer.
    func encode(_ utf8: Span<UInt8>, into tokens: inout [TokenID]) throws(CorpusError)
    /// The bytes that `tokens` spell; a cut inside a character gives an incomplete one.
    /// - Throws: `CorpusError.encoding` when an id is outside the vocabulary.
    func decode(_ tokens: [TokenID]) throws(CorpusError) -> [UInt8]
}

extension Tokenizer {
    /// The ids of `text`, without BOS and EOS.
    /// - Throws: `CorpusError.encoding` when the text is too long for the tokenizer.
    public func encode(_ text: String) throws(CorpusError) -> [TokenID] {
        try encode(Array(text.utf8))
    }

    /// The ids of `utf8`, without BOS and EOS.
    /// - Throws: `CorpusError.encoding` when the text is not UTF-8 or too long for the tokenizer.
    public func encode(_ utf8: [UInt8]) throws(CorpusError) -> [TokenID] {
        var tokens: [TokenID] = []
        tokens.reserveCapacity(utf8.count / 3 + 8)
        try encode(utf8.span, into: &tokens)
        return tokens
    }
}
