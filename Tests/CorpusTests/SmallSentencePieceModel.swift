@testable import Corpus

/// A SentencePiece model of a few pieces, with settings that fetched models do not have; written as a protocol buffer.
struct SmallSentencePieceModel {
    var pieces: [(spelling: String, score: Float, kind: SentencePieceModel.Kind)] = [
        ("<unk>", 0, .unknown), ("<s>", 0, .control), ("</s>", 0, .control),
    ]
    /// 1 Unigram, 2 BPE.
    var type = 2
    var fallsBackOnBytes = false
    var treatsSpaceAsSuffix = false
    var opensWithSpace = true
    var removesExtraSpaces = false
    var escapesSpaces = true

    /// Random pieces over `characters`, few different scores, and some characters that are no pieces.
    init(seed: Int, characters: [String], spacesLeadOnly: Bool) {
        var random = RandomStream(seed: UInt64(seed), name: "pieces")
        fallsBackOnBytes = seed % 3 != 0
        opensWithSpace = seed % 4 != 1
        if fallsBackOnBytes {
            for byte in UInt8.min...UInt8.max {
                pieces.append((String(decoding: ByteSpelling.fallback(byte), as: UTF8.self), 0, .byte))
            }
        }
        func word(_ length: Int) -> String {
            (0..<length).map { at in
                characters[Int(random.integer(below: UInt64(characters.count - (spacesLeadOnly && at > 0 ? 1 : 0))))]
            }.joined()
        }
        var known: Set<String> = []
        for _ in 0..<(seed % 5) {
            let symbol = word(Int.random(in: 1...3, using: &random))
            if known.insert(symbol).inserted { pieces.append((symbol, 0, .userDefined)) }
        }
        for character in characters where random.integer(below: 4) > 0 && known.insert(character).inserted {
            pieces.append((character, -100, .normal))
        }
        for _ in 0..<60 {
            let piece = word(Int.random(in: 2...5, using: &random))
            if known.insert(piece).inserted {
                pieces.append((piece, -Float(random.integer(below: 12)), .normal))
            }
        }
    }

    /// One with no more than the given normal pieces, the first of which merges first.
    init(_ normal: [String]) {
        for (rank, piece) in normal.enumerated() { pieces.append((piece, -Float(rank), .normal)) }
    }

    /// The content of a `tokenizer.model`.
    var bytes: [UInt8] {
        var file: [UInt8] = []
        for piece in pieces {
            var message = Self.field(1, Array(piece.spelling.utf8))
            message += Self.number(2 << 3 | 5) + withUnsafeBytes(of: piece.score.bitPattern.littleEndian) { Array($0) }
            if piece.kind != .normal { message += Self.field(3, Int(piece.kind.rawValue)) }
            file += Self.field(1, message)
        }
        let trainer =
            Self.field(3, type) + Self.field(4, pieces.count) + Self.field(24, treatsSpaceAsSuffix ? 1 : 0)
            + Self.field(35, fallsBackOnBytes ? 1 : 0)
        let normalizer =
            Self.field(3, opensWithSpace ? 1 : 0) + Self.field(4, removesExtraSpaces ? 1 : 0)
            + Self.field(5, escapesSpaces ? 1 : 0)
        return file + Self.field(2, trainer) + Self.field(3, normalizer)
    }

    private static func number(_ value: Int) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7F) | 0x80] + number(value >> 7)
    }
    private static func field(_ field: Int, _ value: Int) -> [UInt8] { number(field << 3) + number(value) }
    private static func field(_ field: Int, _ bytes: [UInt8]) -> [UInt8] {
        number(field << 3 | 2) + number(bytes.count) + bytes
    }
}
