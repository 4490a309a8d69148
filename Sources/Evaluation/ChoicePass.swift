internal import Torch
internal import Transformer

/// One forward pass over the rows of some questions.
struct ChoicePass {
    /// What a model says about one choice.
    struct Score {
        /// Nats, summed over its tokens.
        var logLikelihood: Double
        /// Whether each of its tokens is the likeliest one; only asked for free text.
        var isGreedy: Bool
    }

    private let questions: ArraySlice<EncodedQuestion>
    private let width: Int

    init(_ questions: ArraySlice<EncodedQuestion>) {
        self.questions = questions
        width = questions.reduce(1) { max($0, $1.tokens.count) }
    }

    /// The scores of each question's choices.
    func run(_ model: LanguageModel, in context: ForwardContext) throws(TorchError) -> [[Score]] {
        let rows = questions.count
        let tokens_BT = try Tensor(padded(\.tokens, with: 0), shape: [rows, width], on: model.device)
        var context = context
        if questions.contains(where: { !$0.isPlain }) {
            // Padding is a branch of its own: it stands last and nobody sees it.
            context.branches = try RowBranches(
                numbers: padded(\.branches, with: -1).map { Int($0) },
                positions: padded(\.positions, with: 0).map { Int($0) }, rows: rows, on: model.device)
        }
        let hidden_BTH = try model.hidden(tokens_BT, in: context)

        // Only the places that predict something go through the head.
        var places: [Int] = []
        var targets: [Int] = []
        for (row, question) in questions.enumerated() {
            for scored in question.scored.joined() {
                places.append(row * width + scored.place)
                targets.append(Int(scored.target))
            }
        }
        let hidden = try hidden_BTH.reshaped([1, rows * width, -1])
            .indexSelected(1, try Tensor(places, on: model.device))
        let targets_1N = try Tensor(targets, shape: [1, targets.count], on: model.device)
        let losses = try model.tokenLosses(hidden, targets_1N).doubles()
        let likeliest = wantsGreedy ? try model.logits(hidden).argmax(over: 2).int64s() : []

        var next = 0
        return questions.map { question in
            question.scored.map { scored in
                let range = next..<next + scored.count
                next = range.upperBound
                let isGreedy = !likeliest.isEmpty && range.allSatisfy { Int(likeliest[$0]) == targets[$0] }
                return Score(logLikelihood: -losses[range].reduce(0, +), isGreedy: isGreedy)
            }
        }
    }

    /// Free text has one choice, and only its greedy agreement counts.
    private var wantsGreedy: Bool { questions.contains { $0.scored.count == 1 } }

    private func padded(_ part: KeyPath<EncodedQuestion, [Int32]>, with filler: Int32) -> [Int32] {
        questions.flatMap { question in
            question[keyPath: part] + Array(repeating: filler, count: width - question[keyPath: part].count)
        }
    }
}
