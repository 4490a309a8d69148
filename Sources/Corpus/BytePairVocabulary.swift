import CCorpus

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a `tokenizer.json` with a BPE model says, in the form that encoding and decoding need.
final class BytePairVocabulary: @unchecked Sendable {  // immutable after init
    /// What merges start from.
    enum Symbols {
        /// Single bytes, spelt as one printable character each.
        case bytes
        /// Characters, after normalization; those without a token fall back on byte tokens or the unknown one.
        case characters
    }

    let symbols: Symbols
    let settings: TokenizerSettings
    let merges: BytePairMerges
    let size: Int
    /// `.bytes`: the token of each byte, -1 where it has none. `.characters`: of each `<0x..>`.
    let byteTokens: [TokenID]
    /// `.characters`: the token of each scalar that is one.
    let characterTokens: [UInt32: TokenID]
    let unknown: TokenID?
    /// `.characters`: whether no merge joins another character with a following U+2581, so that pieces may be cut there.
    let neverMergesBeforeSpace: Bool
    /// What every id spells, after one another, and where each begins; special tokens spell nothing.
    let spellings: [UInt8]
    let spellingStarts: [Int]
    private let handle: OpaquePointer

    /// - Throws: `CorpusError.tokenizer` when the file is something else or lacks something.
    init(json: [UInt8], path: String) throws(CorpusError) {
        var made: OpaquePointer?
        guard
            json.withUnsafeBufferPointer({ buffer in
                buffer.baseAddress.map { cc_vocabulary_parse($0, buffer.count, &made) == CT_OK } ?? false
            }), let handle = made
        else {
            throw .tokenizer(
                path: path, reason: json.isEmpty ? "the file is empty" : boundaryMessage(),
                remedy: "fetch the file again; a byte-pair tokenizer.json is wanted")
        }
        self.handle = handle
        func refuse(_ reason: String) -> CorpusError {
            .tokenizer(path: path, reason: reason, remedy: "use the tokenizer.model beside it, if there is one")
        }
        var length = 0
        let text = cc_vocabulary_settings(handle, &length)
        do {
            settings = try JSONDecoder().decode(TokenizerSettings.self, from: Data(bytes: text, count: length))
        } catch {
            cc_vocabulary_free(handle)
            throw refuse("its settings are not those of a tokenizer (\(error))")
        }
        size = cc_vocabulary_size(handle)
        merges = BytePairMerges(triples: cc_vocabulary_merges(handle), count: cc_vocabulary_merge_count(handle))
        symbols = Self.endsInByteLevel(settings.preTokenizer) ? .bytes : .characters
        let reader = VocabularyReader(handle: handle, size: size)
        unknown = settings.model.unknownToken.flatMap { reader.find(Array($0.utf8)) }
        let special = Set((settings.addedTokens ?? []).filter { $0.isSpecial == true }.map(\.id))
        switch symbols {
        case .bytes:
            byteTokens = (0..<256).map { reader.find(ByteSpelling.spelling(of: UInt8($0))) ?? -1 }
            characterTokens = [:]
            neverMergesBeforeSpace = false
            (spellings, spellingStarts) = reader.spellings(without: special, ByteSpelling.bytes(of:))
        case .characters:
            byteTokens = (0..<256).map { reader.find(ByteSpelling.fallback(UInt8($0))) ?? -1 }
            characterTokens = reader.characters()
            neverMergesBeforeSpace = reader.neverMergesBeforeSpace()
            (spellings, spellingStarts) = reader.spellings(without: special, ByteSpelling.text(of:))
        }
        // A key that stands twice in an object is read as another one of the two by each JSON reader.
        if let token = settings.addedTokens?.first(where: { !(0..<size).contains($0.id) }) {
            throw refuse("the added token '\(token.content.prefix(60))' has the impossible id \(token.id)")
        }
        let model = settings.model
        if let dropout = model.dropout, dropout != 0 {
            throw refuse("its merges are dropped at random (dropout \(dropout)), so that its ids are not determined")
        }
        if model.continuingPrefix?.isEmpty == false || model.endOfWordSuffix?.isEmpty == false {
            throw refuse("its pieces carry a prefix or suffix, which is not supported")
        }
    }

    deinit { cc_vocabulary_free(handle) }

    /// The id of a whole piece of bytes.
    func token(spelling bytes: UnsafeBufferPointer<UInt8>) -> TokenID? {
        let spelt = symbols == .bytes ? bytes.flatMap(ByteSpelling.spelling(of:)) : Array(bytes)
        return VocabularyReader(handle: handle, size: size).find(spelt)
    }

    /// The id of an added or ordinary token by its content.
    func token(named name: String) -> TokenID? {
        if let known = VocabularyReader(handle: handle, size: size).find(Array(name.utf8)) { return known }
        return settings.addedTokens?.first { $0.content == name }.map { TokenID(truncatingIfNeeded: $0.id) }
    }

    /// The added tokens, with the vocabulary's id where it has one for the same content: it goes before the file's.
    var addedTokens: [TokenizerSettings.AddedToken] {
        (settings.addedTokens ?? []).map { token in
            var token = token
            token.id = self.token(named: token.content).map(Int.init) ?? token.id
            return token
        }
    }

    private static func endsInByteLevel(_ step: TokenizerSettings.Step?) -> Bool {
        step?.flattened.contains { $0.type == "ByteLevel" } ?? false
    }
}

/// Looks into a parsed vocabulary while its tables are made.
private struct VocabularyReader {
    let handle: OpaquePointer
    let size: Int

    func find(_ piece: [UInt8]) -> TokenID? {
        piece.withUnsafeBufferPointer { piece in
            guard let base = piece.baseAddress else { return nil }
            let id = cc_vocabulary_find(handle, base, piece.count)
            return id < 0 ? nil : id
        }
    }

    func piece(_ id: Int) -> UnsafeBufferPointer<UInt8>? {
        var length = 0
        guard let base = cc_vocabulary_piece(handle, id, &length) else { return nil }
        return UnsafeBufferPointer(start: base, count: length)
    }

    func characters() -> [UInt32: TokenID] {
        var result: [UInt32: TokenID] = [:]
        for id in 0..<size {
            guard let piece = piece(id), let base = piece.baseAddress, piece.count <= 4, piece.count > 0 else {
                continue
            }
            let (scalar, length) = decodeScalar(base)
            if length == piece.count, let found = find(Array(piece)) { result[scalar] = found }
        }
        return result
    }

    func neverMergesBeforeSpace() -> Bool {
        guard let triples = cc_vocabulary_merges(handle) else { return true }
        for merge in 0..<cc_vocabulary_merge_count(handle) {
            guard let piece = piece(Int(triples[3 * merge + 2])) else { continue }
            var sawOther = false
            var at = 0
            while at < piece.count {
                let isSpace =
                    at + 2 < piece.count && piece[at] == 0xE2 && piece[at + 1] == 0x96 && piece[at + 2] == 0x81
                if isSpace, sawOther { return false }
                sawOther = sawOther || !isSpace
                at += isSpace ? 3 : 1
            }
        }
        return true
    }

    func spellings(
        without special: Set<Int>, _ bytes: (UnsafeBufferPointer<UInt8>) -> [UInt8]
    ) -> ([UInt8], [Int]) {
        var all: [UInt8] = []
        var starts = [0]
        starts.reserveCapacity(size + 1)
        for id in 0..<size {
            if let piece = piece(id), !special.contains(id) { all += bytes(piece) }
            starts.append(all.count)
        }
        return (all, starts)
    }
}
