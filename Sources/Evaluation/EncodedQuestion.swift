internal import Corpus

/// A question as token ids, in the form of one row: what its choices begin with in common, then the rest of each.
struct EncodedQuestion: Sendable, Equatable {
    /// Position in the task.
    let index: Int
    /// Tokens of the common beginning, then of each branch in turn.
    let tokens: [Int32]
    /// 0 for the common beginning, then 1, 2, ... for the branches.
    let branches: [Int32]
    /// Where each token stands in its own text.
    let positions: [Int32]
    /// For each choice, its scored tokens and the places in the row that predict them.
    let scored: [[(place: Int, target: Int32)]]

    /// Whether no choice needs a token of its own in the row, so that the row is plain text.
    var isPlain: Bool { branches.last ?? 0 == 0 }

    static func == (one: EncodedQuestion, other: EncodedQuestion) -> Bool {
        one.index == other.index && one.tokens == other.tokens && one.branches == other.branches
            && one.scored.map { $0.map(\.place) } == other.scored.map { $0.map(\.place) }
            && one.scored.map { $0.map(\.target) } == other.scored.map { $0.map(\.target) }
    }

    /// One request in tokens: what stands before, never empty, and what is scored.
    struct Text: Equatable {
        var context: [Int32]
        var continuation: [Int32]

        /// What the model reads: everything but the last token, which is only predicted.
        var read: [Int32] { context + continuation.dropLast() }
    }

    /// Lays the choices of a question out as one row.
    init(index: Int, _ texts: [Text]) {
        let read = texts.map(\.read)
        var common = read.first?.count ?? 0
        for other in read.dropFirst() {
            common = zip(read[0].prefix(common), other).prefix { $0 == $1 }.count
        }
        var tokens = Array(read.first?.prefix(common) ?? [])
        var branches = Array(repeating: Int32(0), count: common)
        var positions = (0..<Int32(common)).map { $0 }
        var scored: [[(place: Int, target: Int32)]] = []
        for (number, text) in texts.enumerated() {
            let start = tokens.count
            let rest = read[number][common...]
            tokens += rest
            branches += Array(repeating: Int32(number + 1), count: rest.count)
            positions += rest.indices.map { Int32($0) }
            scored.append(
                text.continuation.enumerated().map { offset, target in
                    let place = text.context.count - 1 + offset
                    return (place < common ? place : start + place - common, target)
                })
        }
        self.index = index
        self.tokens = tokens
        self.branches = branches
        self.positions = positions
        self.scored = scored
    }
}

extension EncodedQuestion.Text {
    /// The tokens of a request as lm-evaluation-harness makes them (`TemplateLM._encode_pair`): white space at the end
    /// of the context goes over to the continuation; the whole is encoded, and what exceeds the context's own tokens is
    /// the continuation. No token opens the text unless the context is empty: then the one that begins a text stands
    /// for it, or the one that ends it.
    /// - Parameter limit: tokens of context and continuation at most; more are cut off from the context's beginning.
    /// - Throws: `EvaluationError.corpus` when the tokenizer refuses the text, `.request` when nothing is left to score.
    init(_ request: TaskRequest, _ tokenizer: any Tokenizer, limit: Int, question: String) throws(EvaluationError) {
        let kept = request.context.trimmedEnd
        let moved = String(request.context.unicodeScalars.dropFirst(kept.unicodeScalars.count))
        let own = moved + request.continuation
        if kept.isEmpty {
            guard let opening = tokenizer.beginOfText ?? tokenizer.endOfText else {
                throw .request(
                    reason: "the question \(question) has no context and the tokenizer no token that begins a text",
                    remedy: "leave the question out or use a tokenizer that has one")
            }
            context = [opening]
            continuation = try withCorpus { () throws(CorpusError) in try tokenizer.encode(own) }
        } else {
            context = try withCorpus { () throws(CorpusError) in try tokenizer.encode(kept) }
            let whole = try withCorpus { () throws(CorpusError) in try tokenizer.encode(kept + own) }
            continuation = Array(whole.dropFirst(context.count))
        }
        guard !continuation.isEmpty, !context.isEmpty, continuation.count < limit else {
            throw .request(
                reason:
                    "the question \(question) gives \(context.count) tokens of context and \(continuation.count) to "
                    + "score, in at most \(limit)",
                remedy: "leave the question out or shorten it")
        }
        context = Array(context.suffix(limit - continuation.count))
    }
}
