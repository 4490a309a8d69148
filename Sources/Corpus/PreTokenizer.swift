/// How a byte-level vocabulary cuts text into pieces that merges do not cross.
struct PreTokenizer: Sendable {
    /// One cut; each works on the pieces of the one before.
    enum Step: Sendable {
        /// Numbers stand alone: each digit, or each run of them.
        case digits(individual: Bool)
        case scan(PatternScanner)
        case split(PatternSplitter)
        /// A piece that does not begin with a space gets one.
        case prefixSpace
    }

    var steps: [Step]

    /// The steps of a `pre_tokenizer`, which must end in byte-level symbols.
    /// - Throws: `CorpusError.tokenizer` for a kind that is not known.
    init(_ settings: TokenizerSettings.Step?, path: String) throws(CorpusError) {
        steps = []
        func refuse(_ reason: String) -> CorpusError {
            .tokenizer(path: path, reason: reason, remedy: "use the tokenizer.model beside it, if there is one")
        }
        var isByteLevel = false
        for step in settings?.flattened ?? [] {
            if isByteLevel { throw refuse("the pre-tokenizer \(step.type) stands behind ByteLevel") }
            switch step.type {
            case "Digits": steps.append(.digits(individual: step.individualDigits ?? false))
            case "ByteLevel":
                if step.addsPrefixSpace ?? true { steps.append(.prefixSpace) }
                if step.usesRegex ?? true { steps.append(.scan(.gpt2)) }
                isByteLevel = true
            case "Split": steps.append(try Self.split(step, refuse))
            default: throw refuse("the pre-tokenizer \(step.type) is not supported")
            }
        }
        guard isByteLevel else { throw refuse("the pre-tokenizer does not end in ByteLevel") }
    }

    private static func split(
        _ step: TokenizerSettings.Step, _ refuse: (String) -> CorpusError
    ) throws(CorpusError) -> Step {
        guard let name = step.behavior, let behaviour = PatternSplitter.Behaviour(rawValue: name) else {
            throw refuse("the Split pre-tokenizer has no known behavior")
        }
        let isInverted = step.invert ?? false
        if let expression = step.pattern?.regex {
            // These patterns match every character, so that nothing is left between matches.
            let coversAll = behaviour == .isolated || (behaviour == .removed && isInverted)
            if coversAll, let scanner = PatternScanner(expression: expression) { return .scan(scanner) }
            do {
                return .split(
                    try PatternSplitter(expression, isLiteral: false, behaviour: behaviour, isInverted: isInverted))
            } catch {
                throw refuse("the Split pattern is not usable: \(error)")
            }
        }
        guard let literal = step.pattern?.string, !literal.isEmpty else {
            throw refuse("the Split pre-tokenizer has no pattern")
        }
        return .split(try PatternSplitter(literal, isLiteral: true, behaviour: behaviour, isInverted: isInverted))
    }
}
