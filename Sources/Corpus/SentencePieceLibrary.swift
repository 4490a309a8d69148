import CCorpus

/// A model in the hands of SentencePiece itself.
final class SentencePieceLibrary: @unchecked Sendable {  // reading and encoding are const
    private let model: OpaquePointer

    /// - Throws: `CorpusError.tokenizer` when the bytes of the file at `path` are no model.
    init(_ bytes: [UInt8], path: String) throws(CorpusError) {
        var made: OpaquePointer?
        guard
            bytes.withUnsafeBufferPointer({ buffer in
                buffer.baseAddress.map { cc_sentencepiece_load($0, buffer.count, &made) == CT_OK } ?? false
            }), let made
        else {
            throw .tokenizer(
                path: path, reason: bytes.isEmpty ? "the file is empty" : boundaryMessage(),
                remedy: "fetch the file again; a SentencePiece model is wanted")
        }
        model = made
    }

    deinit { cc_sentencepiece_free(model) }

    var size: Int { cc_sentencepiece_size(model) }
    /// The ids that open and close a text; nil where the model has none.
    var beginOfText: TokenID? { Self.role(cc_sentencepiece_bos(model)) }
    var endOfText: TokenID? { Self.role(cc_sentencepiece_eos(model)) }

    private static func role(_ id: Int32) -> TokenID? { id < 0 ? nil : id }

    /// A piece's spelling, with U+2581 for a space, and its kind.
    func withPiece<Result>(_ id: Int, _ body: (UnsafeBufferPointer<UInt8>, cc_piece_kind) -> Result) -> Result {
        var length = 0
        var kind = CC_PIECE_NORMAL
        let piece = cc_sentencepiece_piece(model, id, &length, &kind)
        return body(UnsafeBufferPointer(start: piece, count: length), kind)
    }

    /// Appends the ids of `text`, which is valid UTF-8.
    /// - Throws: `CorpusError.encoding` for what the library refuses.
    func encode(_ text: UnsafeBufferPointer<UInt8>, into tokens: inout [TokenID]) throws(CorpusError) {
        let status = withUnsafeMutablePointer(to: &tokens) { tokens in
            cc_sentencepiece_encode(
                model, text.baseAddress, text.count,
                { context, ids, count in
                    context.assumingMemoryBound(to: [TokenID].self).pointee.append(
                        contentsOf: UnsafeBufferPointer(start: ids, count: count))
                }, tokens)
        }
        guard status == CT_OK else { throw .encoding(reason: boundaryMessage()) }
    }
}
