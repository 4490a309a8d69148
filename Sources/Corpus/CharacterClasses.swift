/// What a character is to a pre-tokenizer: a letter, a number, white space, or none of them.
final class CharacterClasses: @unchecked Sendable {  // immutable after init
    static let letter: UInt8 = 1
    static let number: UInt8 = 2
    static let space: UInt8 = 4
    /// What the `Digits` pre-tokenizer isolates: numbers, and those of a later Unicode version.
    static let digit: UInt8 = 8

    /// The one table; two levels, 256 scalars a block.
    static let shared = CharacterClasses()

    private let blockOf: UnsafeMutablePointer<UInt16>
    private let classes: UnsafeMutablePointer<UInt8>

    private init() {
        var flat = [UInt8](repeating: 0, count: 0x110000)
        func mark(_ ranges: [UInt32], _ bits: UInt8) {
            for i in stride(from: 0, to: ranges.count, by: 2) {
                for scalar in ranges[i]...ranges[i + 1] { flat[Int(scalar)] |= bits }
            }
        }
        mark(UnicodeRanges.letters, Self.letter)
        mark(UnicodeRanges.numbers, Self.number | Self.digit)
        mark(UnicodeRanges.furtherDigits, Self.digit)
        mark(UnicodeRanges.whiteSpace, Self.space)
        var numbers: [ArraySlice<UInt8>: UInt16] = [:]
        var blocks: [UInt8] = []
        blockOf = .allocate(capacity: 0x1100)
        for block in 0..<0x1100 {
            let content = flat[(block << 8)..<((block + 1) << 8)]
            let number = numbers[content] ?? UInt16(blocks.count >> 8)
            if Int(number) == blocks.count >> 8 {
                numbers[content] = number
                blocks += content
            }
            (blockOf + block).initialize(to: number)
        }
        classes = .allocate(capacity: blocks.count)
        classes.initialize(from: blocks, count: blocks.count)
    }

    deinit {
        blockOf.deallocate()
        classes.deallocate()
    }

    /// The class bits of a scalar below 0x110000.
    @inline(__always)
    func of(_ scalar: UInt32) -> UInt8 {
        classes[Int(blockOf[Int(scalar >> 8)]) << 8 | Int(scalar & 255)]
    }

    /// The class bits of the character at `text`, which is valid UTF-8, and its length in bytes.
    @inline(__always)
    func at(_ text: UnsafePointer<UInt8>) -> (bits: UInt8, length: Int) {
        let lead = text[0]
        if lead < 0x80 { return (classes[Int(blockOf[0]) << 8 | Int(lead)], 1) }
        let (scalar, length) = decodeScalar(text)
        return (of(scalar), length)
    }
}

/// The scalar at `text`, which is valid UTF-8, and its length in bytes.
@inline(__always)
func decodeScalar(_ text: UnsafePointer<UInt8>) -> (scalar: UInt32, length: Int) {
    let lead = UInt32(text[0])
    if lead < 0x80 { return (lead, 1) }
    let second = UInt32(text[1] & 0x3F)
    if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, 2) }
    let third = UInt32(text[2] & 0x3F)
    if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, 3) }
    return ((lead & 0x07) << 18 | second << 12 | third << 6 | UInt32(text[3] & 0x3F), 4)
}
