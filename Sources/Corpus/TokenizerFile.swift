#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The tokenizer of a model folder, or of one `tokenizer.json` or `tokenizer.model`.
///
/// Of a folder with both files a byte-level `tokenizer.json` counts, the `tokenizer.model` otherwise.
/// - Parameter parseSpecial: whether the characters of a special token, such as `<s>`, mean that token; a
///   document's text is plain text otherwise.
/// - Throws: `CorpusError.missing`, `.io`, or `.tokenizer` with what is wrong and what would do.
public func loadTokenizer(at path: String, parseSpecial: Bool = false) throws(CorpusError) -> any Tokenizer {
    guard FolderListing.isFolder(path) else {
        guard FolderListing.size(of: path) != nil else {
            throw .missing(path: path, remedy: "give a model folder, a tokenizer.json or a tokenizer.model")
        }
        if path.hasSuffix(".model") { return try SentencePieceTokenizer(path: path, parseSpecial: parseSpecial) }
        return try BytePairTokenizer(path: path, parseSpecial: parseSpecial)
    }
    let json = "\(path)/tokenizer.json", model = "\(path)/tokenizer.model"
    let hasModel = FolderListing.size(of: model) != nil
    guard FolderListing.size(of: json) != nil else {
        guard hasModel else {
            throw .missing(path: json, remedy: "the folder needs a tokenizer.json or a tokenizer.model")
        }
        return try SentencePieceTokenizer(path: model, parseSpecial: parseSpecial)
    }
    do {
        let tokenizer = try BytePairTokenizer(path: json, parseSpecial: parseSpecial)
        if tokenizer.isByteLevel || !hasModel { return tokenizer }
    } catch {
        guard hasModel, case .tokenizer = error else { throw error }
    }
    return try SentencePieceTokenizer(path: model, parseSpecial: parseSpecial)
}

/// What stands beside a tokenizer's file.
enum TokenizerFile {
    /// Names that open or close a text where no file says so.
    static let usualBegins = ["<|begin_of_text|>", "<s>", "<|endoftext|>"]
    static let usualEnds = ["<|end_of_text|>", "</s>", "<|endoftext|>"]

    /// The tokens that `tokenizer_config.json`, then `special_tokens_map.json`, name.
    static func roles(beside path: String) throws(CorpusError) -> TokenRoles {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        var roles = TokenRoles()
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            let file = folder.isEmpty ? (path.hasPrefix("/") ? "/\(name)" : name) : "\(folder)/\(name)"
            guard FolderListing.size(of: file) != nil else { continue }
            let bytes = try readSmallFile(file, limit: 64 << 20)
            do {
                let found = try JSONDecoder().decode(TokenRolesFile.self, from: Data(bytes)).roles
                roles.beginOfText = roles.beginOfText ?? found.beginOfText
                roles.endOfText = roles.endOfText ?? found.endOfText
            } catch {
                throw .tokenizer(
                    path: file, reason: "not a JSON object", remedy: "fetch the file again, or take it away")
            }
        }
        return roles
    }

    /// The id of the named token, or of the first usual one that the vocabulary has.
    static func firstKnown(_ name: String?, _ usual: [String], _ find: (String) -> TokenID?) -> TokenID? {
        if let name { return find(name) }
        for name in usual {
            if let id = find(name) { return id }
        }
        return nil
    }
}
