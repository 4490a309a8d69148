import CCorpus

/// A tokenizer read from a SentencePiece `tokenizer.model` (LLaMA 1 and 2, Mistral), by the original library.
///
/// Text is plain text: the characters of `<s>` are encoded as characters unless `parseSpecial` is set.
public final class SentencePieceTokenizer: Tokenizer, @unchecked Sendable {  // the library's encoding is const
    public let vocabularySize: Int
    public let fingerprint: String
    public let beginOfText: TokenID?
    public let endOfText: TokenID?

    private let model: OpaquePointer
    private let added: AddedTokens
    private let spellings: [[UInt8]]

    /// Reads the model at `path`.
    /// - Parameter parseSpecial: whether the characters of a control piece, such as `<s>`, mean that piece.
    /// - Throws: `CorpusError.missing`, `.io` or `.tokenizer`.
    public init(path: String, parseSpecial: Bool = false) throws(CorpusError) {
        let bytes = try readSmallFile(path, limit: BytePairTokenizer.maximumBytes)
        var made: OpaquePointer?
        guard
            bytes.withUnsafeBufferPointer({ buffer in
                buffer.baseAddress.map { cc_sentencepiece_load($0, buffer.count, &made) == CT_OK } ?? false
            }), let model = made
        else {
            throw .tokenizer(
                path: path, reason: bytes.isEmpty ? "the file is empty" : boundaryMessage(),
                remedy: "fetch the file again; a SentencePiece model is wanted")
        }
        self.model = model
        vocabularySize = cc_sentencepiece_size(model)
        func role(_ id: Int32) -> TokenID? { id < 0 ? nil : id }
        beginOfText = role(cc_sentencepiece_bos(model))
        endOfText = role(cc_sentencepiece_eos(model))
        var spellings: [[UInt8]] = []
        var control: [TokenizerSettings.AddedToken] = []
        for id in 0..<vocabularySize {
            var length = 0
            var kind = CC_PIECE_NORMAL
            let piece = UnsafeBufferPointer(start: cc_sentencepiece_piece(model, id, &length, &kind), count: length)
            let isControl = kind == CC_PIECE_CONTROL || kind == CC_PIECE_UNKNOWN
            spellings.append(isControl ? [] : ByteSpelling.text(of: piece))
            if isControl {
                control.append(
                    TokenizerSettings.AddedToken(
                        id: id, content: String(decoding: piece, as: UTF8.self), isSpecial: true))
            }
        }
        self.spellings = spellings
        added = AddedTokens(control, parseSpecial: parseSpecial)
        fingerprint = FileDigest.sha256(Array("sentencepiece, special \(parseSpecial)\n".utf8) + bytes)
    }

    deinit { cc_sentencepiece_free(model) }

    /// - Throws: `CorpusError.encoding` when the text is not UTF-8, or for what the library refuses.
    public func encode(_ utf8: Span<UInt8>, into tokens: inout [TokenID]) throws(CorpusError) {
        try utf8.withUnsafeBufferPointer { (text) throws(CorpusError) in
            guard cc_valid_utf8_length(text.baseAddress, text.count) == text.count else {
                throw .encoding(reason: "the text is not UTF-8")
            }
            var done = 0
            while let hit = added.next(in: text, from: done, .shared) {
                try encode(text, done..<hit.range.lowerBound, into: &tokens)
                tokens.append(hit.id)
                done = hit.range.upperBound
            }
            try encode(text, done..<text.count, into: &tokens)
        }
    }

    private func encode(
        _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into tokens: inout [TokenID]
    ) throws(CorpusError) {
        guard !range.isEmpty, let base = text.baseAddress else { return }
        let status = withUnsafeMutablePointer(to: &tokens) { tokens in
            cc_sentencepiece_encode(
                model, base + range.lowerBound, range.count,
                { context, ids, count in
                    context.assumingMemoryBound(to: [TokenID].self).pointee.append(
                        contentsOf: UnsafeBufferPointer(start: ids, count: count))
                }, tokens)
        }
        guard status == CT_OK else { throw .encoding(reason: boundaryMessage()) }
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
        if text.first == 0x20 { text.removeFirst() }  // the one that encoding puts in front
        return text
    }
}
