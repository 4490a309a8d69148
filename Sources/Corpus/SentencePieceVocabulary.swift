import CCorpus

/// A SentencePiece vocabulary of type BPE as tables of integers, for encoding without SentencePiece.
///
/// Text is kept with a plain space for each U+2581, which is what a space becomes. A symbol, from which merges start
/// and which they make, is the id of a piece, or `size` plus the scalar of a character that is no piece. The latter
/// may still be a part of longer pieces; what is left of it in the end is unknown.
final class SentencePieceVocabulary: @unchecked Sendable {  // immutable after init
    let size: Int
    let merges: BytePairMerges
    let seams = PieceSeams()
    /// The user-defined pieces, which are found before anything is merged and never merge.
    let frozen: AddedTokens
    let opensWithSpace: Bool
    let unknown: TokenID
    /// The tokens of the 256 bytes; empty when unknown characters become the unknown token instead.
    let byteTokens: [TokenID]
    private let characters: CharacterTokens

    /// The one place that decides who encodes: nil for a model whose ids need SentencePiece itself. That are other
    /// types than BPE, tables that rewrite characters, spaces that are removed, put behind or not escaped, unused
    /// pieces (which are taken apart again in ways that depend on the rest of the text), scores that are not numbers,
    /// and special pieces that are spelt as text can be.
    init?(_ model: SentencePieceModel) {
        guard model.isBytePair, !model.rewritesCharacters, !model.removesExtraSpaces, model.escapesSpaces,
            !model.treatsSpaceAsSuffix, !model.pieces.contains(where: { $0.kind == .unused || $0.score.isNaN }),
            let unknown = model.pieces.firstIndex(where: { $0.kind == .unknown }),
            let spelt = SpeltPieces(model)
        else { return nil }
        size = model.pieces.count
        self.unknown = TokenID(unknown)
        opensWithSpace = model.opensWithSpace
        byteTokens = model.fallsBackOnBytes ? (0..<256).compactMap { spelt.byteToken(UInt8($0)) } : []
        guard byteTokens.count == (model.fallsBackOnBytes ? 256 : 0) else { return nil }
        characters = spelt.characters
        frozen = AddedTokens(spelt.userDefined, parseSpecial: false)
        let found = spelt.merges(model, joining: seams)
        merges = BytePairMerges(found, count: found.count)
    }

    /// The symbol of a character; a space is U+2581.
    @inline(__always)
    func symbol(of scalar: UInt32) -> TokenID { characters[scalar] ?? TokenID(size) + TokenID(scalar) }
}

/// The pieces of a model by what they spell, while a vocabulary is made.
private struct SpeltPieces {
    /// Hashes its bytes at once.
    private struct Spelling: Hashable {
        var bytes: ArraySlice<UInt8>

        func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }
    }

    private(set) var characters = CharacterTokens()
    private(set) var userDefined: [TokenizerSettings.AddedToken] = []
    private let size: Int
    /// The normal pieces that text can spell, with plain spaces.
    private var normal: [(id: TokenID, spelling: [UInt8])] = []
    private var ids: [Spelling: TokenID] = [:]
    /// Control, unknown and byte pieces.
    private var reserved: [Spelling: TokenID] = [:]

    /// Nil when a special piece is spelt as a symbol is, so that the symbol would become that piece.
    init?(_ model: SentencePieceModel) {
        size = model.pieces.count
        ids.reserveCapacity(size)
        for (id, piece) in model.pieces.enumerated() {
            let id = TokenID(id)
            let isText = Self.isUTF8(piece.spelling) && !piece.spelling.contains(0x20)
            let spelling = piece.spelling.withUnsafeBufferPointer(ByteSpelling.withPlainSpaces)
            switch piece.kind {
            case .unknown, .control, .byte:
                if isText, Self.scalar(of: spelling[...]) != nil { return nil }
                reserved[Spelling(bytes: spelling[...])] = id
            case .userDefined:
                guard Self.isUTF8(piece.spelling) else { return nil }
                guard isText else { continue }
                ids[Spelling(bytes: spelling[...])] = id
                userDefined.append(
                    TokenizerSettings.AddedToken(
                        id: Int(id), content: String(decoding: spelling, as: UTF8.self), isSpecial: false))
            case .normal, .unused:
                // A spelling that holds a space or half a character is never met: text has neither.
                guard isText else { continue }
                ids[Spelling(bytes: spelling[...])] = id
                normal.append((id, spelling))
                if let scalar = Self.scalar(of: spelling[...]) { characters[scalar] = id }
            }
        }
        if reserved.keys.contains(where: { ids[$0] != nil }) { return nil }
    }

    func byteToken(_ byte: UInt8) -> TokenID? { reserved[Spelling(bytes: ByteSpelling.fallback(byte)[...])] }

    /// Every way in which two symbols make a piece; equal scores have equal ranks. Notes in `seams` which characters
    /// stand side by side.
    func merges(_ model: SentencePieceModel, joining seams: PieceSeams) -> [BytePairMerges.Merge] {
        let scores = Set(normal.map { model.pieces[Int($0.id)].score }).sorted(by: >)
        let ranks = Dictionary(uniqueKeysWithValues: zip(scores, UInt32(0)...))
        var merges: [BytePairMerges.Merge] = []
        for (id, spelling) in normal {
            guard let rank = ranks[model.pieces[Int(id)].score] else { continue }
            var left: UInt32?
            spelling.withUnsafeBufferPointer { text in
                guard let base = text.baseAddress else { return }
                var at = 0
                while at < text.count {
                    let (right, length) = decodeScalar(base + at)
                    if let left { seams.join(left, right) }
                    if let first = symbol(spelling[..<at]), let second = symbol(spelling[at...]) {
                        merges.append(BytePairMerges.Merge(left: first, right: second, merged: id, rank: rank))
                    }
                    left = right
                    at += length
                }
            }
        }
        return merges
    }

    private func symbol(_ spelling: ArraySlice<UInt8>) -> TokenID? {
        guard let scalar = Self.scalar(of: spelling) else {
            return spelling.isEmpty ? nil : ids[Spelling(bytes: spelling)]
        }
        return characters[scalar] ?? TokenID(size) + TokenID(scalar)
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBufferPointer { cc_valid_utf8_length($0.baseAddress, $0.count) == $0.count }
    }

    /// The character that valid UTF-8 consists of; nil when it has another number of them.
    private static func scalar(of bytes: ArraySlice<UInt8>) -> UInt32? {
        bytes.withUnsafeBufferPointer { text in
            guard let base = text.baseAddress, !text.isEmpty, text.count <= 4 else { return nil }
            let lead = base[0]
            let length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
            return length == text.count ? decodeScalar(base).scalar : nil
        }
    }
}
