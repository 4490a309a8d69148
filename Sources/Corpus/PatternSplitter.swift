import CCorpus

/// A regular expression (PCRE2) or a literal that cuts text into pieces, as `Split` of Hugging Face's tokenizers does.
final class PatternSplitter: @unchecked Sendable {  // the compiled pattern is immutable; each encoder has a matcher
    /// What becomes of the matches.
    enum Behaviour: String {
        case removed = "Removed"
        case isolated = "Isolated"
        case mergedWithPrevious = "MergedWithPrevious"
        case mergedWithNext = "MergedWithNext"
        case contiguous = "Contiguous"
    }

    private let pattern: OpaquePointer
    private let behaviour: Behaviour
    private let isInverted: Bool

    /// - Throws: `CorpusError.encoding` when the expression does not compile.
    init(
        _ expression: String, isLiteral: Bool, behaviour: Behaviour, isInverted: Bool
    ) throws(CorpusError) {
        var made: OpaquePointer?
        let bytes = Array(expression.utf8) + [0]
        guard cc_pattern_make(bytes, bytes.count - 1, isLiteral ? 1 : 0, &made) == CT_OK, let made else {
            throw .encoding(reason: "'\(expression.prefix(200))': \(boundaryMessage())")
        }
        pattern = made
        self.behaviour = behaviour
        self.isInverted = isInverted
    }

    deinit { cc_pattern_free(pattern) }

    /// What one thread needs to match the pattern.
    final class Matcher {
        private let splitter: PatternSplitter
        private let handle: OpaquePointer

        init(_ splitter: PatternSplitter) throws(CorpusError) {
            self.splitter = splitter
            var made: OpaquePointer?
            guard cc_matcher_make(splitter.pattern, &made) == CT_OK, let made else {
                throw .encoding(reason: boundaryMessage())
            }
            handle = made
        }

        deinit { cc_matcher_free(handle) }

        /// The pieces of `text`, as ranges of it, without empty ones.
        func pieces(_ text: UnsafeBufferPointer<UInt8>) throws(CorpusError) -> [Range<Int>] {
            var parts: [(range: Range<Int>, isMatch: Bool)] = []
            var done = 0, from = 0
            while from <= text.count {
                var found: Int32 = 0
                var start = 0, end = 0
                guard cc_matcher_find(handle, text.baseAddress, text.count, from, &found, &start, &end) == CT_OK else {
                    throw .encoding(reason: boundaryMessage())
                }
                if found == 0 { break }
                if end > start {
                    if start > done { parts.append((done..<start, splitter.isInverted)) }
                    parts.append((start..<end, !splitter.isInverted))
                    done = end
                    from = end
                } else {
                    from = start + 1
                    while from < text.count, text[from] & 0xC0 == 0x80 { from += 1 }
                }
            }
            if done < text.count { parts.append((done..<text.count, splitter.isInverted)) }
            return splitter.behaviour.pieces(of: parts)
        }
    }
}

extension PatternSplitter.Behaviour {
    fileprivate func pieces(of parts: [(range: Range<Int>, isMatch: Bool)]) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        func join(_ range: Range<Int>) {
            if let last = pieces.popLast() {
                pieces.append(last.lowerBound..<range.upperBound)
            } else {
                pieces.append(range)
            }
        }
        var wasMatch = false
        for (index, part) in parts.enumerated() {
            switch self {
            case .removed: if !part.isMatch { pieces.append(part.range) }
            case .isolated: pieces.append(part.range)
            case .contiguous:
                if index > 0, part.isMatch == wasMatch { join(part.range) } else { pieces.append(part.range) }
            case .mergedWithPrevious:
                if part.isMatch, index > 0, !wasMatch { join(part.range) } else { pieces.append(part.range) }
            case .mergedWithNext:
                if !part.isMatch, wasMatch { join(part.range) } else { pieces.append(part.range) }
            }
            wasMatch = part.isMatch
        }
        return pieces
    }
}
