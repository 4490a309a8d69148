/// A stream of random numbers that is a function of a seed and a name, the same on every machine and in every version.
///
/// The generator is xoshiro256** (Blackman and Vigna, 2018). Its 32 bytes of state are
/// SHA-256("shearling random stream 1" + seed, 8 bytes little-endian + name, UTF-8), read as four little-endian words,
/// so that streams of different names are independent of each other. Names look like paths: `mixture/epoch-0`.
public struct RandomStream: RandomNumberGenerator, Sendable, Equatable {
    private var state: (UInt64, UInt64, UInt64, UInt64)

    /// The stream called `name` of the family `seed`.
    public init(seed: UInt64, name: String) {
        let seedBytes = withUnsafeBytes(of: seed.littleEndian) { Array($0) }
        let digest = SHA256.hash(Array("shearling random stream 1".utf8) + seedBytes + Array(name.utf8))
        let words = digest.withUnsafeBytes { bytes in
            (0..<4).map { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)) }
        }
        state = (words[0], words[1], words[2], words[3])
    }

    /// A stream that goes on from a state of four words, not all of them zero; for tests against published outputs.
    init(state: (UInt64, UInt64, UInt64, UInt64)) {
        self.state = state
    }

    /// 64 random bits.
    public mutating func next() -> UInt64 {
        let product = state.1 &* 5
        let result = ((product << 7) | (product >> 57)) &* 9
        let shifted = state.1 << 17
        state.2 ^= state.0
        state.3 ^= state.1
        state.1 ^= state.2
        state.0 ^= state.3
        state.2 ^= shifted
        state.3 = (state.3 << 45) | (state.3 >> 19)
        return result
    }

    /// A number of [0, 1), a multiple of 2^-53.
    public mutating func uniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// A number of 0 ..< `bound`, each equally likely (Lemire 2019: multiply and reject). `bound` is at least 1.
    public mutating func integer(below bound: UInt64) -> UInt64 {
        precondition(bound > 0, "a random integer needs a bound of at least 1")
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let rejected = (0 &- bound) % bound
            while product.low < rejected { product = next().multipliedFullWidth(by: bound) }
        }
        return product.high
    }

    public static func == (one: RandomStream, other: RandomStream) -> Bool {
        one.state == other.state
    }
}

extension RandomStream: Codable {
    /// Reads the 64 hexadecimal digits that `encode(to:)` writes.
    /// - Throws: `DecodingError` for anything else.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let digits = Array(try container.decode(String.self).utf8)
        let words = stride(from: 0, to: digits.count, by: 16).compactMap { start in
            UInt64(String(decoding: digits[start..<min(start + 16, digits.count)], as: UTF8.self), radix: 16)
        }
        guard digits.count == 64, words.count == 4, words.contains(where: { $0 != 0 }) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "the state of a random stream is 64 hexadecimal digits, not all zero")
        }
        state = (words[0], words[1], words[2], words[3])
    }

    /// Writes the state as 64 hexadecimal digits: JSON numbers of other programs lose bits beyond 2^53.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        let words = [state.0, state.1, state.2, state.3]
        try container.encode(words.map { hexadecimal($0) }.joined())
    }
}

/// Sixteen lower-case hexadecimal digits.
func hexadecimal(_ word: UInt64) -> String {
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
