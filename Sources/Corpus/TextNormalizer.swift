/// What a SentencePiece-like vocabulary does to text before merging: U+2581 for spaces, and one in front.
struct TextNormalizer: Sendable {
    enum Rule: Sendable, Equatable {
        case prepend([UInt8])
        case replace([UInt8], by: [UInt8])
        /// Puts `replacement` in front unless the text begins with it; of the first stretch of a text only, or of every
        /// stretch between added tokens.
        case open(with: [UInt8], firstOnly: Bool)
    }

    var rules: [Rule] = []
    /// Whether every U+2581 begins a piece that merges do not cross.
    var startsPieceAtEachSpace = false

    /// - Throws: `CorpusError.tokenizer` for a kind that is not known.
    init(_ settings: TokenizerSettings, path: String) throws(CorpusError) {
        func refuse(_ reason: String) -> CorpusError {
            .tokenizer(path: path, reason: reason, remedy: "use the tokenizer.model beside it, if there is one")
        }
        let normalizers = settings.normalizer?.flattened ?? [], cuts = settings.preTokenizer?.flattened ?? []
        let most = TokenizerSettings.Step.most
        guard normalizers.count + cuts.count <= most else {
            throw refuse("it passes over the text \(normalizers.count + cuts.count) times; \(most) are the most")
        }
        for step in normalizers {
            switch step.type {
            case "Prepend": rules.append(.prepend(Array((step.prepend ?? "").utf8)))
            case "Replace":
                guard let pattern = step.pattern?.string, !pattern.isEmpty else {
                    throw refuse("the normalizer Replace has no literal pattern")
                }
                rules.append(.replace(Array(pattern.utf8), by: Array((step.content ?? "").utf8)))
            default: throw refuse("the normalizer \(step.type) is not supported")
            }
        }
        for step in cuts where step.type != "ByteLevel" {
            guard step.type == "Metaspace" else {
                if cuts.contains(where: { $0.type == "ByteLevel" }) { continue }
                throw refuse("the pre-tokenizer \(step.type) is not supported")
            }
            let mark = Array((step.replacement ?? "\u{2581}").utf8)
            rules.append(.replace([0x20], by: mark))
            let scheme = step.prependScheme ?? (step.addsPrefixSpace == false ? "never" : "always")
            if scheme != "never" { rules.append(.open(with: mark, firstOnly: scheme == "first")) }
            startsPieceAtEachSpace = step.splits ?? true
        }
        guard growth <= Self.mostGrowth, fronts <= Self.mostFront else {
            throw refuse("its normalizer blows text up: \(growth) times as long, and \(fronts) bytes in front")
        }
    }

    /// How many times as long text may become; a space becomes the 3 bytes of U+2581.
    private static let mostGrowth = 64.0
    /// How many bytes may come in front of a stretch of text.
    private static let mostFront = 4096

    private var growth: Double {
        rules.reduce(1) { growth, rule in
            guard case .replace(let from, let to) = rule else { return growth }
            return growth * max(1, Double(to.count) / Double(from.count))
        }
    }

    private var fronts: Int {
        rules.reduce(0) { sum, rule in
            switch rule {
            case .prepend(let front), .open(let front, _): sum + front.count
            case .replace: sum
            }
        }
    }

    /// Whether text passes unchanged.
    var isIdentity: Bool { rules.isEmpty }

    /// The normalized form of one stretch of text; `isFirst` when nothing stands before it.
    func normalized(_ text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8] {
        var result = Array(text)
        for rule in rules where !result.isEmpty {
            switch rule {
            case .prepend(let front): result = front + result
            case .replace(let from, let to): result = Self.replace(from, by: to, in: result)
            case .open(let mark, let firstOnly):
                if (isFirst || !firstOnly), !result.starts(with: mark) { result = mark + result }
            }
        }
        return result
    }

    private static func replace(_ from: [UInt8], by to: [UInt8], in text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 2)
        var at = 0
        while at < text.count {
            if text[at] == from[0], at + from.count <= text.count,
                from.count == 1 || text[at..<(at + from.count)].elementsEqual(from)
            {
                result += to
                at += from.count
            } else {
                result.append(text[at])
                at += 1
            }
        }
        return result
    }
}
