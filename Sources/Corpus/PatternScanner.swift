/// The two families of pre-tokenization patterns that almost every byte-level vocabulary uses, scanned by hand.
///
/// `.gpt2`: `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`.
/// `.gpt4(n)`: `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,n}| ?[^\s\p{L}\p{N}]+[\r\n]*|`
/// `\s*[\r\n]+|\s+(?!\S)|\s+`; cl100k and LLaMA 3 have n = 3, Qwen 2 has n = 1.
enum PatternScanner: Sendable, Equatable {
    case gpt2
    case gpt4(digits: Int)

    /// The scanner for a regular expression; nil when it is another one.
    init?(expression: String) {
        let contractions = "'s|'t|'re|'ve|'m|'ll|'d"
        let rest = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        switch expression {
        case contractions + #"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#: self = .gpt2
        case "(?i:\(contractions))" + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"# + rest: self = .gpt4(digits: 3)
        case "(?i:\(contractions))" + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"# + rest: self = .gpt4(digits: 1)
        default: return nil
        }
    }

    /// The end of the piece that begins at `start`; every byte of valid UTF-8 belongs to exactly one piece.
    @inline(__always)
    func pieceEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ classes: CharacterClasses) -> Int {
        switch self {
        case .gpt2: gpt2PieceEnd(text, start, end, classes)
        case .gpt4(let digits): gpt4PieceEnd(text, start, end, digits, classes)
        }
    }
}

private let wordBits = CharacterClasses.letter | CharacterClasses.number
private let anyBits = wordBits | CharacterClasses.space

/// Passes over characters whose class, among `mask`, is exactly `wanted`.
@inline(__always)
private func run(
    _ text: UnsafePointer<UInt8>, _ from: Int, _ end: Int, _ mask: UInt8, _ wanted: UInt8, _ classes: CharacterClasses
) -> Int {
    var at = from
    while at < end {
        let (bits, length) = classes.at(text + at)
        if bits & mask != wanted { break }
        at += length
    }
    return at
}

private func gpt2PieceEnd(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ classes: CharacterClasses
) -> Int {
    let lead = text[start]
    if lead == 0x27, let stop = contractionEnd(text, start, end, ignoringCase: false) { return stop }
    let body = lead == 0x20 && start + 1 < end ? start + 1 : start
    let (bits, length) = classes.at(text + body)
    if bits & CharacterClasses.letter != 0 {
        return run(text, body + length, end, CharacterClasses.letter, CharacterClasses.letter, classes)
    }
    if bits & CharacterClasses.number != 0 {
        return run(text, body + length, end, CharacterClasses.number, CharacterClasses.number, classes)
    }
    if bits & CharacterClasses.space == 0 { return run(text, body + length, end, anyBits, 0, classes) }
    return spaceEnd(text, start, end, classes)
}

private func gpt4PieceEnd(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ digits: Int, _ classes: CharacterClasses
) -> Int {
    let lead = text[start]
    if lead == 0x27, let stop = contractionEnd(text, start, end, ignoringCase: true) { return stop }
    let (bits, length) = classes.at(text + start)
    let second = start + length
    if bits & CharacterClasses.letter != 0 {
        return run(text, second, end, CharacterClasses.letter, CharacterClasses.letter, classes)
    }
    if bits & CharacterClasses.number != 0 {
        var at = second
        for _ in 1..<max(1, digits) where at < end {
            let (next, length) = classes.at(text + at)
            if next & CharacterClasses.number == 0 { break }
            at += length
        }
        return at
    }
    let following = second < end ? classes.at(text + second) : (bits: CharacterClasses.space, length: 0)
    if lead != 0x0D, lead != 0x0A, following.bits & CharacterClasses.letter != 0 {
        return run(text, second + following.length, end, CharacterClasses.letter, CharacterClasses.letter, classes)
    }
    if bits & CharacterClasses.space == 0 {
        return newlinesEnd(text, run(text, second, end, anyBits, 0, classes), end)
    }
    if lead == 0x20, following.bits & anyBits == 0, second < end {
        return newlinesEnd(text, run(text, second, end, anyBits, 0, classes), end)
    }
    return spaceEnd(text, start, end, classes, afterLastNewline: true)
}

/// `\s*[\r\n]+` where asked for, then `\s+(?!\S)|\s+`: a run of white space gives its last character up to what follows
/// it.
private func spaceEnd(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ classes: CharacterClasses, afterLastNewline: Bool = false
) -> Int {
    var at = start, last = start, newline = -1
    while at < end {
        let (bits, length) = classes.at(text + at)
        if bits & CharacterClasses.space == 0 { break }
        last = at
        at += length
        if text[last] == 0x0A || text[last] == 0x0D { newline = at }
    }
    if afterLastNewline, newline > 0 { return newline }
    return at == end || last == start ? at : last
}

@inline(__always)
private func newlinesEnd(_ text: UnsafePointer<UInt8>, _ from: Int, _ end: Int) -> Int {
    var at = from
    while at < end, text[at] == 0x0A || text[at] == 0x0D { at += 1 }
    return at
}

/// The end of an English contraction that begins with the apostrophe at `start`.
@inline(__always)
private func contractionEnd(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, ignoringCase: Bool
) -> Int? {
    guard start + 1 < end else { return nil }
    let fold: UInt8 = ignoringCase ? 0x20 : 0
    let first = text[start + 1] | (text[start + 1] < 0x80 ? fold : 0)
    switch first {
    case 0x73, 0x74, 0x6D, 0x64: return start + 2  // s t m d
    case 0x72, 0x76, 0x6C:  // re ve ll
        guard start + 2 < end else { return nil }
        let second = text[start + 2] | (text[start + 2] < 0x80 ? fold : 0)
        return second == (first == 0x6C ? 0x6C : 0x65) ? start + 3 : nil
    case 0xC5 where ignoringCase:  // the long s folds to s
        return start + 2 < end && text[start + 2] == 0xBF ? start + 3 : nil
    default: return nil
    }
}
