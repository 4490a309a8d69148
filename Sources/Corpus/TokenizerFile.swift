/// The tokenizer of a model folder, or of one `tokenizer.json` or `tokenizer.model`.
/// - Parameter parseSpecial: whether the characters of a special token, such as `<s>`, mean that token; a
///   document's text is plain text otherwise.
/// - Throws: `CorpusError.missing`, `.io`, or `.tokenizer` with what is wrong and what would do.
public func loadTokenizer(at path: String, parseSpecial: Bool = false) throws(CorpusError) -> any Tokenizer {
    throw .tokenizer(path: path, reason: "no tokenizer is readable yet", remedy: "wait for it")
}
