/// The tokens that are looked for in the raw text: the special ones when asked for, the other added ones always.
struct AddedTokens: Sendable {
    /// One that was found: its id and what it takes of the text, stripped white space included.
    struct Hit {
        var id: TokenID
        var range: Range<Int>
    }

    private struct Candidate: Sendable {
        var content: [UInt8]
        var id: TokenID
        var isSingleWord: Bool
        var stripsLeft: Bool
        var stripsRight: Bool
    }

    /// Longest first, by first byte.
    private var candidates: [[Candidate]] = Array(repeating: [], count: 256)
    /// Whether nothing is ever found.
    private(set) var isEmpty = true

    init(_ tokens: [TokenizerSettings.AddedToken], parseSpecial: Bool) {
        for token in tokens where parseSpecial || token.isSpecial != true {
            let content = Array(token.content.utf8)
            guard let first = content.first else { continue }
            candidates[Int(first)].append(
                Candidate(
                    content: content, id: TokenID(truncatingIfNeeded: token.id),
                    isSingleWord: token.isSingleWord ?? false, stripsLeft: token.stripsLeft ?? false,
                    stripsRight: token.stripsRight ?? false))
            isEmpty = false
        }
        for byte in candidates.indices { candidates[byte].sort { $0.content.count > $1.content.count } }
    }

    /// The first token at or after `from`; white space it strips is not taken from before `from`.
    func next(
        in text: UnsafeBufferPointer<UInt8>, from: Int, _ classes: CharacterClasses
    ) -> Hit? {
        guard !isEmpty, let base = text.baseAddress else { return nil }
        for at in from..<max(from, text.count) {
            for candidate in candidates[Int(text[at])] {
                let end = at + candidate.content.count
                guard end <= text.count, candidate.content.elementsEqual(text[at..<end]) else { continue }
                if candidate.isSingleWord {
                    if at > 0, isWord(base + characterStart(text, before: at)) { continue }
                    if end < text.count, isWord(base + end) { continue }
                }
                var lower = at, upper = end
                while candidate.stripsLeft, lower > from {
                    let start = characterStart(text, before: lower)
                    guard start >= from, classes.at(base + start).bits & CharacterClasses.space != 0 else { break }
                    lower = start
                }
                while candidate.stripsRight, upper < text.count {
                    let (bits, length) = classes.at(base + upper)
                    guard bits & CharacterClasses.space != 0 else { break }
                    upper += length
                }
                return Hit(id: candidate.id, range: lower..<upper)
            }
        }
        return nil
    }

    private func characterStart(_ text: UnsafeBufferPointer<UInt8>, before end: Int) -> Int {
        var at = end - 1
        while at > 0, text[at] & 0xC0 == 0x80 { at -= 1 }
        return at
    }

    /// `\w` of Rust's regular expressions, which the original asks about the neighbours of single words.
    private func isWord(_ text: UnsafePointer<UInt8>) -> Bool {
        guard let scalar = Unicode.Scalar(decodeScalar(text).scalar) else { return false }
        let properties = scalar.properties
        return switch properties.generalCategory {
        case .decimalNumber, .connectorPunctuation, .nonspacingMark, .spacingMark, .enclosingMark: true
        default: properties.isAlphabetic || properties.isJoinControl
        }
    }
}
