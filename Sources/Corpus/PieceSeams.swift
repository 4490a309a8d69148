/// Where text may be cut before merging: between two characters that stand beside each other in no piece.
///
/// Such a cut changes no id. What merging makes is always a piece, so nothing it makes reaches across the cut; hence
/// which merges one side allows does not depend on the other, and the order in which a side takes its own (best first,
/// of equals the leftmost) is the order in which the whole text takes them. In LLaMA 2 it is so before every space that
/// follows another character, and nearly everywhere between letters, digits and punctuation.
final class PieceSeams: @unchecked Sendable {  // changed only while a vocabulary is made
    /// A bit for each pair of ASCII characters, then bits for the hashes of others. Pairs that share a bit with one of
    /// a piece are not cut either, which costs time but no exactness.
    private let joined: UnsafeMutablePointer<UInt64>
    private static let asciiPairs = 1 << 14
    private static let hashBits = 17
    private static let wordCount = (asciiPairs + 1 << hashBits) / 64

    init() {
        joined = .allocate(capacity: Self.wordCount)
        joined.initialize(repeating: 0, count: Self.wordCount)
    }

    deinit { joined.deallocate() }

    /// Notes that `left` stands before `right` in a piece.
    func join(_ left: UInt32, _ right: UInt32) {
        let bit = Self.bit(left, right)
        joined[bit >> 6] |= 1 << UInt64(bit & 63)
    }

    /// The end of the part that begins at `start`: the first seam after it, `end` at the latest. All of `text`, up to
    /// `end`, is valid UTF-8.
    @inline(__always)
    func partEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
        var (left, length) = decodeScalar(text + start)
        var at = start + length
        while at < end {
            let (right, length) = decodeScalar(text + at)
            let bit = Self.bit(left, right)
            if joined[bit >> 6] >> UInt64(bit & 63) & 1 == 0 { break }
            left = right
            at += length
        }
        return at
    }

    @inline(__always)
    private static func bit(_ left: UInt32, _ right: UInt32) -> Int {
        if (left | right) < 0x80 { return Int(left << 7 | right) }
        let mixed = (left &* 0x9E37_79B1) ^ (right &* 0x85EB_CA6B)
        return asciiPairs + Int(mixed >> UInt32(32 - hashBits))
    }
}
