/// What a SentencePiece `tokenizer.model` says of how text becomes ids (`sentencepiece_model.proto`).
struct SentencePieceModel {
    /// The kinds of pieces, as the file numbers them.
    enum Kind: UInt32 {
        case normal = 1
        case unknown
        case control
        case userDefined
        case unused
        case byte
    }

    struct Piece {
        /// UTF-8, with U+2581 for a space.
        var spelling: [UInt8] = []
        /// The higher, the earlier it is merged.
        var score: Float = 0
        var kind = Kind.normal
    }

    /// By id.
    var pieces: [Piece] = []
    /// Whether it merges pairs; otherwise it chooses among whole segmentations, words or characters.
    var isBytePair = false
    /// Whether unknown characters become the tokens of their bytes.
    var fallsBackOnBytes = false
    var treatsSpaceAsSuffix = false
    /// Whether a compiled table rewrites characters first.
    var rewritesCharacters = false
    var opensWithSpace = true
    var removesExtraSpaces = true
    /// Whether U+2581 stands for a space.
    var escapesSpaces = true

    /// Reads the file's bytes; of a field given twice the last counts, what is not known is passed over.
    /// - Throws: `ProtocolBuffer.Damage` when they are no protocol buffer.
    init(_ bytes: [UInt8]) throws(ProtocolBuffer.Damage) {
        var message = ProtocolBuffer(bytes[...])
        while let (field, value) = try message.next() {
            guard case .bytes(let content) = value else { continue }
            switch field {
            case 1: pieces.append(try Piece(content))
            case 2: try readTrainer(content)
            case 3: try readNormalizer(content)
            default: break
            }
        }
    }

    private mutating func readTrainer(_ bytes: ArraySlice<UInt8>) throws(ProtocolBuffer.Damage) {
        var message = ProtocolBuffer(bytes)
        while let (field, value) = try message.next() {
            guard case .number(let number) = value else { continue }
            switch field {
            case 3: isBytePair = number == 2
            case 24: treatsSpaceAsSuffix = number != 0
            case 35: fallsBackOnBytes = number != 0
            default: break
            }
        }
    }

    private mutating func readNormalizer(_ bytes: ArraySlice<UInt8>) throws(ProtocolBuffer.Damage) {
        var message = ProtocolBuffer(bytes)
        while let (field, value) = try message.next() {
            switch (field, value) {
            case (2, .bytes(let table)): rewritesCharacters = !table.isEmpty
            case (3, .number(let number)): opensWithSpace = number != 0
            case (4, .number(let number)): removesExtraSpaces = number != 0
            case (5, .number(let number)): escapesSpaces = number != 0
            default: break
            }
        }
    }
}

extension SentencePieceModel.Piece {
    fileprivate init(_ bytes: ArraySlice<UInt8>) throws(ProtocolBuffer.Damage) {
        var message = ProtocolBuffer(bytes)
        while let (field, value) = try message.next() {
            switch (field, value) {
            case (1, .bytes(let text)): spelling = Array(text)
            case (2, .fixed32(let bits)): score = Float(bitPattern: bits)
            case (3, .number(let number)):
                kind = SentencePieceModel.Kind(rawValue: UInt32(truncatingIfNeeded: number)) ?? kind
            default: break
            }
        }
    }
}
