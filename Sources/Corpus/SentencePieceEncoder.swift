import Glibc

/// The working memory of one thread that encodes with a SentencePiece vocabulary: cuts text at seams, merges the
/// parts, remembers short ones.
///
/// A tokenizer keeps a pool of these; each is used by one thread at a time, hence `@unchecked Sendable`.
final class SentencePieceEncoder: @unchecked Sendable {
    private let vocabulary: SentencePieceVocabulary
    private let seams: PieceSeams
    private let queue: MergeQueue
    private let cache = WordCache()
    /// The text with plain spaces.
    private var text: UnsafeMutablePointer<UInt8>
    private var textCapacity = 4096
    private var symbols: UnsafeMutablePointer<TokenID>
    private var symbolCapacity = 256
    /// Ids on their way to the caller.
    private let made: UnsafeMutablePointer<TokenID>
    private var madeCount = 0
    private static let madeCapacity = 4096
    /// What a part of cacheable length makes at most: every byte a space that is no piece, hence three bytes' tokens.
    private static let mostMade = 3 * WordCache.longestKey
    private var endsInUnknown = false

    init(_ vocabulary: SentencePieceVocabulary) {
        self.vocabulary = vocabulary
        seams = vocabulary.seams
        queue = MergeQueue(vocabulary.merges)
        text = .allocate(capacity: textCapacity)
        symbols = .allocate(capacity: symbolCapacity)
        made = .allocate(capacity: Self.madeCapacity)
    }

    deinit {
        text.deallocate()
        symbols.deallocate()
        made.deallocate()
    }

    /// Appends the ids of `raw`, which is valid UTF-8 of less than 2 GiB.
    func encode(_ raw: UnsafeBufferPointer<UInt8>, into tokens: inout [TokenID]) {
        guard !raw.isEmpty else { return }
        let count = spell(raw)
        let spelt = UnsafeBufferPointer(start: text, count: count)
        endsInUnknown = false
        var done = 0
        while let hit = vocabulary.frozen.next(in: spelt, from: done, .shared) {
            encodeParts(done..<hit.range.lowerBound, into: &tokens)
            append(hit.id, to: &tokens)
            done = hit.range.upperBound
        }
        encodeParts(done..<count, into: &tokens)
        flush(to: &tokens)
        releaseLargeBuffers()
    }

    // MARK: - Text

    /// Copies `raw` with what stands in front, and a space for each U+2581; gives the length.
    private func spell(_ raw: UnsafeBufferPointer<UInt8>) -> Int {
        if raw.count >= textCapacity {
            text.deallocate()
            textCapacity = max(raw.count + 1, 2 * textCapacity)
            text = .allocate(capacity: textCapacity)
        }
        guard let base = raw.baseAddress else { return 0 }
        var count = 0
        if vocabulary.opensWithSpace {
            text[0] = 0x20
            count = 1
        }
        var copied = 0, at = 0
        while at < raw.count, let found = memchr(base + at, 0xE2, raw.count - at) {
            at = UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - base
            guard base[at + 1] == 0x96, base[at + 2] == 0x81 else {
                at += 3
                continue
            }
            (text + count).update(from: base + copied, count: at - copied)
            count += at - copied
            text[count] = 0x20
            count += 1
            at += 3
            copied = at
        }
        (text + count).update(from: base + copied, count: raw.count - copied)
        return count + raw.count - copied
    }

    private func encodeParts(_ range: Range<Int>, into tokens: inout [TokenID]) {
        var at = range.lowerBound
        while at < range.upperBound {
            let end = seams.partEnd(text, at, range.upperBound)
            encodePart(text + at, end - at, into: &tokens)
            at = end
        }
    }

    // MARK: - Merging

    @inline(__always)
    private func encodePart(_ part: UnsafePointer<UInt8>, _ length: Int, into tokens: inout [TokenID]) {
        guard length <= WordCache.longestKey else {
            _ = mergePart(part, length, into: &tokens)
            return
        }
        if madeCount + Self.mostMade > Self.madeCapacity { flush(to: &tokens) }
        let (low, high) = WordCache.key(part, length)
        if let entry = cache.find(low, high, length) {
            let count = Int(entry.pointee.count)
            for i in 0..<count { made[madeCount + i] = entry.pointee.tokens[i] }
            madeCount += count
            endsInUnknown = false
            return
        }
        let before = madeCount
        if mergePart(part, length, into: &tokens) {
            cache.insert(low, high, length, made + before, madeCount - before)
        }
    }

    /// Whether the ids are those of this part wherever it stands: an unknown token joins with one before it.
    private func mergePart(_ part: UnsafePointer<UInt8>, _ length: Int, into tokens: inout [TokenID]) -> Bool {
        if length > symbolCapacity {
            symbols.deallocate()
            symbolCapacity = max(length, 2 * symbolCapacity)
            symbols = .allocate(capacity: symbolCapacity)
        }
        var count = 0, at = 0
        while at < length {
            let (scalar, size) = decodeScalar(part + at)
            symbols[count] = vocabulary.symbol(of: scalar)
            count += 1
            at += size
        }
        count = queue.merge(symbols, count)
        var standsAlone = true
        for i in 0..<count {
            let symbol = Int(symbols[i])
            if symbol < vocabulary.size {
                append(symbols[i], to: &tokens)
            } else if vocabulary.byteTokens.isEmpty {
                append(vocabulary.unknown, to: &tokens)
                standsAlone = false
            } else {
                appendBytes(of: symbol - vocabulary.size, to: &tokens)
            }
        }
        return standsAlone
    }

    // MARK: - Output

    /// The tokens of the bytes of a character that is no piece.
    private func appendBytes(of scalar: Int, to tokens: inout [TokenID]) {
        guard let character = Unicode.Scalar(UInt32(scalar == 0x20 ? 0x2581 : scalar)) else { return }
        for byte in UTF8.encode(character) ?? UTF8.encodedReplacementCharacter {
            append(vocabulary.byteTokens[Int(byte)], to: &tokens)
        }
    }

    /// A run of unknown characters is one unknown token.
    private func append(_ token: TokenID, to tokens: inout [TokenID]) {
        if token == vocabulary.unknown, endsInUnknown { return }
        endsInUnknown = token == vocabulary.unknown
        if madeCount == Self.madeCapacity { flush(to: &tokens) }
        made[madeCount] = token
        madeCount += 1
    }

    private func flush(to tokens: inout [TokenID]) {
        tokens.append(contentsOf: UnsafeBufferPointer(start: made, count: madeCount))
        madeCount = 0
    }

    /// One huge document must not hold its memory for the rest of the run.
    private func releaseLargeBuffers() {
        let kept = 1 << 20
        if textCapacity > kept {
            text.deallocate()
            textCapacity = 4096
            text = .allocate(capacity: textCapacity)
        }
        if symbolCapacity > kept {
            symbols.deallocate()
            symbolCapacity = 256
            symbols = .allocate(capacity: symbolCapacity)
        }
    }
}
