public import Corpus
internal import Torch
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

    /// Asks a model all questions. No gradients; the model is not changed.
    /// - Parameters:
    ///   - context: masks or a view under which the model runs.
    ///   - observe: told the questions done and all of them.
    /// - Throws: `EvaluationError.vocabulary` when the questions hold tokens that the model does not know, `.torch`.
    public func measure(
        _ model: LanguageModel, in context: ForwardContext = ForwardContext(),
        observe: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(EvaluationError) -> TaskScore {
        let vocabulary = model.architecture.vocabularySize
        let largest = encoded.reduce(0) { max($0, Int($1.tokens.max() ?? 0), $1.largestTarget) }
        guard largest < vocabulary else { throw .vocabulary(corpus: largest + 1, model: vocabulary) }
        var answers: [TaskScore.Question?] = Array(repeating: nil, count: encoded.count)
        var done = 0
        while done < encoded.count {
            let batch = batch(from: done)
            let choices = try withTorch { () throws(TorchError) in
                try withoutGradients { () throws(TorchError) in try ChoicePass(batch).run(model, in: context) }
            }
            for (question, scores) in zip(batch, choices) { answers[question.index] = answer(question.index, scores) }
            done += batch.count
            observe(done, encoded.count)
        }
        return TaskScore(
            task: task.name, split: task.split, metric: task.template.metric, chance: task.chance,
            questions: answers.compactMap { $0 })
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
