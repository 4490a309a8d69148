/// The working memory of one encoding thread: cuts text into pieces, merges them, remembers short ones.
///
/// A tokenizer keeps a pool of these; each is used by one thread at a time, hence `@unchecked Sendable`.
final class BytePairEncoder: @unchecked Sendable {
    private let vocabulary: BytePairVocabulary
    private let plan: BytePairPlan
    private let classes = CharacterClasses.shared
    private let queue: MergeQueue
    private let cache = WordCache()
    private var matchers: [PatternSplitter.Matcher?]
    private var output: UnsafeMutablePointer<TokenID>
    private var outputCount = 0
    private var outputCapacity = 4096
    private var symbols: UnsafeMutablePointer<TokenID>
    private var symbolCapacity = 256
    private let byteTokens: UnsafeMutablePointer<TokenID>

    /// - Throws: `CorpusError.encoding` when a pattern's matcher cannot be made.
    init(_ vocabulary: BytePairVocabulary, _ plan: BytePairPlan) throws(CorpusError) {
        var matchers: [PatternSplitter.Matcher?] = []
        for step in plan.steps {
            if case .split(let splitter) = step {
                matchers.append(try PatternSplitter.Matcher(splitter))
            } else {
                matchers.append(nil)
            }
        }
        self.matchers = matchers
        self.vocabulary = vocabulary
        self.plan = plan
        queue = MergeQueue(vocabulary.merges)
        output = .allocate(capacity: outputCapacity)
        symbols = .allocate(capacity: symbolCapacity)
        byteTokens = .allocate(capacity: 256)
        byteTokens.initialize(from: vocabulary.byteTokens, count: 256)
    }

    deinit {
        output.deallocate()
        symbols.deallocate()
        byteTokens.deallocate()
    }

    /// Appends the ids of `text`, which is valid UTF-8.
    /// - Throws: `CorpusError.encoding` when a pattern gives up on the text.
    func encode(_ text: UnsafeBufferPointer<UInt8>, into tokens: inout [TokenID]) throws(CorpusError) {
        outputCount = 0
        var done = 0
        while let hit = plan.added.next(in: text, from: done, classes) {
            try encodeStretch(text, done..<hit.range.lowerBound)
            append(hit.id)
            done = hit.range.upperBound
        }
        try encodeStretch(text, done..<text.count)
        tokens.append(contentsOf: UnsafeBufferPointer(start: output, count: outputCount))
        releaseLargeBuffers()
    }

    private func encodeStretch(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) throws(CorpusError) {
        guard !range.isEmpty else { return }
        let stretch = UnsafeBufferPointer(rebasing: text[range])
        if plan.normalizer.isIdentity {
            try cut(stretch)
        } else {
            let normalized = plan.normalizer.normalized(stretch, isFirst: range.lowerBound == 0)
            try normalized.withUnsafeBufferPointer { (text) throws(CorpusError) in try cut(text) }
        }
    }

    private func cut(_ text: UnsafeBufferPointer<UInt8>) throws(CorpusError) {
        guard let base = text.baseAddress else { return }
        switch vocabulary.symbols {
        case .bytes: try pieces(base, 0, text.count, 0)
        case .characters: cutAtSpaces(base, text.count)
        }
    }

    // MARK: - Cutting

    private func pieces(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ step: Int) throws(CorpusError) {
        guard step < plan.steps.count else { return encodePiece(text + start, end - start) }
        switch plan.steps[step] {
        case .scan(let scanner):
            let isLast = step + 1 == plan.steps.count
            var at = start
            while at < end {
                let stop = scanner.pieceEnd(text, at, end, classes)
                if isLast {
                    encodePiece(text + at, stop - at)
                } else {
                    try pieces(text, at, stop, step + 1)
                }
                at = stop
            }
        case .digits(let individual): try cutAtDigits(text, start, end, step, individual: individual)
        case .prefixSpace:
            if text[start] == 0x20 { return try pieces(text, start, end, step + 1) }
            var spaced: [UInt8] = [0x20]
            spaced += UnsafeBufferPointer(start: text + start, count: end - start)
            try spaced.withUnsafeBufferPointer { (spaced) throws(CorpusError) in
                guard let base = spaced.baseAddress else { return }
                try pieces(base, 0, spaced.count, step + 1)
            }
        case .split:
            guard let matcher = matchers[step] else { return }
            for piece in try matcher.pieces(UnsafeBufferPointer(start: text + start, count: end - start)) {
                try pieces(text, start + piece.lowerBound, start + piece.upperBound, step + 1)
            }
        }
    }

    private func cutAtDigits(
        _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ step: Int, individual: Bool
    ) throws(CorpusError) {
        var done = start, at = start
        while at < end {
            let lead = text[at]
            if lead < 0x30 || (lead > 0x39 && lead < 0x80) {
                at += 1
                continue
            }
            var (bits, length) = classes.at(text + at)
            if bits & CharacterClasses.digit == 0 {
                at += length
                continue
            }
            if done < at { try pieces(text, done, at, step + 1) }
            done = at
            at += length
            while !individual, at < end {
                (bits, length) = classes.at(text + at)
                if bits & CharacterClasses.digit == 0 { break }
                at += length
            }
            try pieces(text, done, at, step + 1)
            done = at
        }
        if done < end { try pieces(text, done, end, step + 1) }
    }

    /// Cuts where no merge reaches across: before a U+2581 that follows another character.
    private func cutAtSpaces(_ text: UnsafePointer<UInt8>, _ count: Int) {
        guard vocabulary.neverMergesBeforeSpace || plan.normalizer.startsPieceAtEachSpace else {
            return encodePiece(text, count)
        }
        let cutsRuns = plan.normalizer.startsPieceAtEachSpace
        var start = 0, at = 0
        var wasSpace = true
        while at < count {
            let isSpace = text[at] == 0xE2 && text[at + 1] == 0x96 && text[at + 2] == 0x81
            if isSpace, at > start, cutsRuns || !wasSpace {
                encodePiece(text + start, at - start)
                start = at
            }
            wasSpace = isSpace
            at += isSpace ? 3 : 1
        }
        if start < count { encodePiece(text + start, count - start) }
    }

    // MARK: - Merging

    @inline(__always)
    private func encodePiece(_ piece: UnsafePointer<UInt8>, _ length: Int) {
        guard length <= WordCache.longestKey else { return mergePiece(piece, length) }
        let (low, high) = WordCache.key(piece, length)
        if let entry = cache.find(low, high, length) {
            let count = Int(entry.pointee.count)
            reserve(WordCache.mostTokens)
            for i in 0..<count { output[outputCount + i] = entry.pointee.tokens[i] }
            outputCount += count
            return
        }
        let before = outputCount
        mergePiece(piece, length)
        cache.insert(low, high, length, output + before, outputCount - before)
    }

    private func mergePiece(_ piece: UnsafePointer<UInt8>, _ length: Int) {
        if plan.ignoresMerges, let whole = vocabulary.token(spelling: UnsafeBufferPointer(start: piece, count: length))
        {
            return append(whole)
        }
        if length > symbolCapacity {
            symbols.deallocate()
            symbolCapacity = max(length, 2 * symbolCapacity)
            symbols = .allocate(capacity: symbolCapacity)
        }
        let initial = vocabulary.symbols == .bytes ? spellBytes(piece, length) : spellCharacters(piece, length)
        let count = queue.merge(symbols, initial)
        reserve(count)
        (output + outputCount).update(from: symbols, count: count)
        outputCount += count
    }

    private func spellBytes(_ piece: UnsafePointer<UInt8>, _ length: Int) -> Int {
        var count = 0
        var wasUnknown = false
        for i in 0..<length {
            let token = byteTokens[Int(piece[i])]
            if token >= 0 {
                symbols[count] = token
                count += 1
                wasUnknown = false
            } else if let unknown = vocabulary.unknown, !(wasUnknown && plan.fusesUnknown) {
                symbols[count] = unknown
                count += 1
                wasUnknown = true
            }
        }
        return count
    }

    private func spellCharacters(_ piece: UnsafePointer<UInt8>, _ length: Int) -> Int {
        var count = 0, at = 0
        var wasUnknown = false
        while at < length {
            let (scalar, size) = decodeScalar(piece + at)
            if let token = vocabulary.characterTokens[scalar] {
                symbols[count] = token
                count += 1
                wasUnknown = false
            } else if plan.fallsBackOnBytes, (0..<size).allSatisfy({ byteTokens[Int(piece[at + $0])] >= 0 }) {
                for i in 0..<size { symbols[count + i] = byteTokens[Int(piece[at + i])] }
                count += size
                wasUnknown = false
            } else if let unknown = vocabulary.unknown, !(wasUnknown && plan.fusesUnknown) {
                symbols[count] = unknown
                count += 1
                wasUnknown = true
            }
            at += size
        }
        return count
    }

    // MARK: - Output

    @inline(__always)
    private func append(_ token: TokenID) {
        reserve(1)
        output[outputCount] = token
        outputCount += 1
    }

    @inline(__always)
    private func reserve(_ count: Int) {
        if outputCount + count > outputCapacity { grow(by: count) }
    }

    private func grow(by count: Int) {
        let capacity = max(outputCount + count, 2 * outputCapacity)
        let larger = UnsafeMutablePointer<TokenID>.allocate(capacity: capacity)
        larger.update(from: output, count: outputCount)
        output.deallocate()
        output = larger
        outputCapacity = capacity
    }

    /// One huge document must not hold its memory for the rest of the run.
    private func releaseLargeBuffers() {
        let kept = 1 << 20
        if outputCapacity > kept {
            output.deallocate()
            outputCapacity = 4096
            output = .allocate(capacity: outputCapacity)
        }
        if symbolCapacity > kept {
            symbols.deallocate()
            symbolCapacity = 256
            symbols = .allocate(capacity: symbolCapacity)
        }
    }
}

/// How a byte-pair tokenizer treats text before and while it merges.
struct BytePairPlan: Sendable {
    var added: AddedTokens
    var normalizer: TextNormalizer
    var steps: [PreTokenizer.Step]
    var ignoresMerges: Bool
    var fusesUnknown: Bool
    var fallsBackOnBytes: Bool
}
