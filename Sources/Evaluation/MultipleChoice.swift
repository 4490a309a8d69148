public import Corpus
public import Torch
public import Transformer

/// A task made ready for models of one tokenizer: encoded once, asked of as many models as you like.
///
/// The choices of a question share one row: their common beginning is computed once and the rest of each choice sees
/// only that beginning and itself (`RowBranches`), which gives what scoring each choice alone gives. Rows go from long
/// to short, so that little of a batch is padding.
public struct MultipleChoice: Sendable {
    public let task: EvaluationTask
    /// Tokens of one forward pass at most, padding included; a longer question goes alone.
    public let batchTokens: Int
    /// Longest first.
    let encoded: [EncodedQuestion]
    /// What log-likelihoods of a question's choices are divided by.
    private let lengths: [[Int]]

    /// Encodes the questions of a task.
    /// - Parameters:
    ///   - positions: the longest text the model is asked; contexts lose their beginning beyond it, as in the harness.
    /// - Throws: `EvaluationError.corpus`, `.request` for a question that gives nothing to score.
    public init(
        _ task: EvaluationTask, tokenizer: any Tokenizer, positions: Int, batchTokens: Int = 2048
    ) throws(EvaluationError) {
        self.task = task
        self.batchTokens = batchTokens
        var encoded: [EncodedQuestion] = []
        var lengths: [[Int]] = []
        for (index, question) in task.questions.enumerated() {
            let requests = task.template.requests(question)
            var texts: [EncodedQuestion.Text] = []
            for request in requests {
                // One position more than it reads: the last token is only predicted.
                texts.append(try .init(request, tokenizer, limit: positions + 1, question: question.id))
            }
            encoded.append(EncodedQuestion(index: index, texts))
            lengths.append(requests.map(\.length))
        }
        self.lengths = lengths
        self.encoded = encoded.sorted { ($1.tokens.count, $0.index) < ($0.tokens.count, $1.index) }
    }

    /// Tokens that go through the model, padding apart.
    public var tokenCount: Int { encoded.reduce(0) { $0 + $1.tokens.count } }

    /// Floating-point operations of a forward pass of all rows, attention over each row's own length, padding apart.
    public func forwardOperations(_ architecture: Architecture) -> Double {
        let cost = CostModel(architecture)
        return encoded.reduce(0) { sum, question in
            let length = question.tokens.count
            return sum + Double(length) * cost.forwardFLOPsPerToken(sequenceLength: length)
        }
    }

    /// Asks a model all questions. No gradients; the model is not changed.
    /// - Parameters:
    ///   - context: masks or a view under which the model runs.
    ///   - group: Ranks that all hold the model and call this: each asks some of the batches, and all get the same result, to
    ///     the bit what one gets alone.
    ///   - observe: told the questions done and all of them.
    /// - Throws: `EvaluationError.vocabulary` when the questions hold tokens that the model does not know, `.torch`.
    public func measure(
        _ model: LanguageModel, in context: ForwardContext = ForwardContext(), over group: ProcessGroup? = nil,
        observe: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(EvaluationError) -> TaskScore {
        let vocabulary = model.architecture.vocabularySize
        let largest = encoded.reduce(0) { max($0, Int($1.tokens.max() ?? 0), $1.largestTarget) }
        guard largest < vocabulary else { throw .vocabulary(corpus: largest + 1, model: vocabulary) }
        var choices: [[ChoicePass.Score]] = []
        var number = 0
        while choices.count < encoded.count {
            let batch = batch(from: choices.count)
            let isOwn = group.map { number % $0.count == $0.rank } ?? true
            number += 1
            choices +=
                try isOwn
                ? withTorch { () throws(TorchError) in
                    try withoutGradients { () throws(TorchError) in try ChoicePass(batch).run(model, in: context) }
                } : batch.map { $0.scored.map { _ in ChoicePass.Score(logLikelihood: 0, isGreedy: false) } }
            if isOwn { observe(choices.count, encoded.count) }
        }
        if let group, !choices.isEmpty {
            choices = try withTorch { () throws(TorchError) in try MultipleChoice.joined(choices, over: group) }
        }
        var answers: [TaskScore.Question?] = Array(repeating: nil, count: encoded.count)
        for (question, scores) in zip(encoded, choices) { answers[question.index] = answer(question.index, scores) }
        return TaskScore(
            task: task.name, split: task.split, metric: task.template.metric, chance: task.chance,
            questions: answers.compactMap { $0 })
    }

    /// What all ranks have scored: where one has a score, the others have zeros.
    private static func joined(
        _ own: [[ChoicePass.Score]], over group: ProcessGroup
    ) throws(TorchError) -> [[ChoicePass.Score]] {
        let sums = try group.sums(own.flatMap { $0.flatMap { [$0.logLikelihood, $0.isGreedy ? 1 : 0] } })
        var next = 0
        return own.map { scores in
            scores.map { _ in
                next += 2
                return ChoicePass.Score(logLikelihood: sums[next - 2], isGreedy: sums[next - 1] > 0)
            }
        }
    }

    /// The next questions whose rows fit in a pass together. Plain rows and branching ones do not mix: plain ones need
    /// no mask.
    func batch(from start: Int) -> ArraySlice<EncodedQuestion> {
        let width = max(encoded[start].tokens.count, 1)
        let most = max(1, batchTokens / width)
        let rows = encoded[start...].prefix(most)
        return rows.prefix { $0.isPlain == encoded[start].isPlain }
    }

    private func answer(_ index: Int, _ scores: [ChoicePass.Score]) -> TaskScore.Question {
        let question = task.questions[index]
        let sums = scores.map(\.logLikelihood)
        guard !task.template.isFreeText else {
            return .init(id: question.id, logLikelihoods: sums, isCorrect: scores.allSatisfy(\.isGreedy))
        }
        let byLength = zip(sums, lengths[index]).map { $0 / Double(max($1, 1)) }
        return .init(
            id: question.id, logLikelihoods: sums, isCorrect: MultipleChoice.best(sums) == question.gold,
            isCorrectNormalised: task.template.metric == .normalisedAccuracy
                ? MultipleChoice.best(byLength) == question.gold : nil)
    }

    /// The index of the largest, the first of equals.
    static func best(_ values: [Double]) -> Int? {
        values.indices.reduce(nil) { best, index in best.map { values[index] > values[$0] ? index : $0 } ?? index }
    }
}

extension EncodedQuestion {
    var largestTarget: Int { scored.joined().reduce(0) { max($0, Int($1.target)) } }
}
