internal import FoundationEssentials

/// Writes a SentencePiece model (a protocol buffer): pieces with scores and types, a BPE trainer with byte fallback,
/// the identity normaliser.
enum SentencePieceProto {
    static func model(tokens: [String], scores: [Float], types: [Int], unknown: String) -> Data {
        var out: [UInt8] = []
        for index in tokens.indices {
            var piece: [UInt8] = []
            text(1, tokens[index], to: &piece)
            varint(2 << 3 | 5, to: &piece)
            withUnsafeBytes(of: scores[index].bitPattern.littleEndian) { piece += $0 }
            if types[index] != GGUFVocabulary.PieceType.normal { number(3, types[index], to: &piece) }
            bytes(1, piece, to: &out)
        }
        var trainer: [UInt8] = []
        // Model type BPE, vocabulary size, byte fallback; ids of unknown, begin, end, padding; their surfaces.
        for (field, value) in [(3, 2), (4, tokens.count), (35, 1), (40, 0), (41, 1), (42, 2), (43, -1)] {
            number(field, value, to: &trainer)
        }
        for (field, value) in [
            (44, " \u{2047} "), (45, unknown), (46, tokens.count > 1 ? tokens[1] : ""),
            (47, tokens.count > 2 ? tokens[2] : ""),
        ] {
            text(field, value, to: &trainer)
        }
        bytes(2, trainer, to: &out)
        var normaliser: [UInt8] = []
        text(1, "identity", to: &normaliser)
        // Dummy prefix on, extra whitespace kept, whitespace escaped.
        for (field, value) in [(3, 1), (4, 0), (5, 1)] { number(field, value, to: &normaliser) }
        bytes(3, normaliser, to: &out)
        return Data(out)
    }

    private static func varint(_ value: Int, to out: inout [UInt8]) {
        var left = UInt64(bitPattern: Int64(value))
        while left > 0x7F {
            out.append(UInt8(left & 0x7F) | 0x80)
            left >>= 7
        }
        out.append(UInt8(left))
    }
    private static func number(_ field: Int, _ value: Int, to out: inout [UInt8]) {
        varint(field << 3, to: &out)
        varint(value, to: &out)
    }
    private static func bytes(_ field: Int, _ value: [UInt8], to out: inout [UInt8]) {
        varint(field << 3 | 2, to: &out)
        varint(value.count, to: &out)
        out += value
    }
    private static func text(_ field: Int, _ value: String, to out: inout [UInt8]) {
        bytes(field, Array(value.utf8), to: &out)
    }
}
