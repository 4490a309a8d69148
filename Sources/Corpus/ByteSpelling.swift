/// How vocabularies spell bytes: GPT-2's printable stand-ins, and the `<0xE2>` of byte fallback.
enum ByteSpelling {
    /// The printable scalar that stands for each byte in a byte-level vocabulary: the byte itself where it is a visible
    /// Latin-1 character, 256, 257, ... in order for the others.
    static let scalars: [UInt32] = {
        var next: UInt32 = 256
        return (0..<256).map { byte in
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte) {
                return UInt32(byte)
            }
            defer { next += 1 }
            return next
        }
    }()

    private static let bytesByScalar: [UInt32: UInt8] = {
        var result: [UInt32: UInt8] = [:]
        for (byte, scalar) in scalars.enumerated() { result[scalar] = UInt8(byte) }
        return result
    }()

    /// The UTF-8 of a byte's stand-in.
    static func spelling(of byte: UInt8) -> [UInt8] {
        let scalar = scalars[Int(byte)]
        return scalar < 0x80 ? [UInt8(scalar)] : [0xC0 | UInt8(scalar >> 6), 0x80 | UInt8(scalar & 0x3F)]
    }

    /// The bytes that a byte-level piece stands for; one that is spelt otherwise stands for itself.
    static func bytes(of piece: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        guard let base = piece.baseAddress else { return result }
        var at = 0
        while at < piece.count {
            let (scalar, length) = decodeScalar(base + at)
            guard let byte = bytesByScalar[scalar] else { return Array(piece) }
            result.append(byte)
            at += length
        }
        return result
    }

    /// The name of a byte token, such as `<0xE2>`.
    static func fallback(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]] + Array(">".utf8)
    }

    /// The text of a piece of a SentencePiece vocabulary: U+2581 is a space, `<0xE2>` a byte.
    static func text(of piece: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        if piece.count == 6, piece.starts(with: "<0x".utf8), piece[5] == 0x3E,
            let byte = UInt8(String(decoding: piece[3..<5], as: UTF8.self), radix: 16)
        {
            return [byte]
        }
        return withPlainSpaces(piece)
    }

    /// A piece with a space for each U+2581.
    static func withPlainSpaces(_ piece: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var at = 0
        while at < piece.count {
            if at + 2 < piece.count, piece[at] == 0xE2, piece[at + 1] == 0x96, piece[at + 2] == 0x81 {
                result.append(0x20)
                at += 3
            } else {
                result.append(piece[at])
                at += 1
            }
        }
        return result
    }
}
