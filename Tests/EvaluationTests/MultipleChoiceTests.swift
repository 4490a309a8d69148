import Corpus
import Fixtures
import Testing
import Torch
import Transformer

@testable import Evaluation

@Suite struct MultipleChoiceTests {
    /// What the definition says: each choice alone, token by token from the logits of a plain pass.
    private func alone(
        _ model: LanguageModel, _ request: TaskRequest, in context: ForwardContext = ForwardContext()
    ) throws -> (sum: Double, isGreedy: Bool) {
        let text = try EncodedQuestion.Text(request, LetterTokenizer(), limit: 1000, question: "")
        let read = text.read.map { Int64($0) }
        return try withoutGradients {
            let logits = try model.logits(model.hidden(Tensor(read, shape: [1, read.count]), in: context))
                .to(.float64).selected(0, 0)
            let logarithms = try logits.logSoftmax(over: 1)
            let likeliest = try logits.argmax(over: 1).int64s()
            var sum = 0.0
            var isGreedy = true
            for (offset, target) in text.continuation.enumerated() {
                let place = text.context.count - 1 + offset
                sum += try logarithms.selected(0, place).selected(0, Int(target)).item()
                isGreedy = isGreedy && likeliest[place] == Int64(target)
            }
            return (sum, isGreedy)
        }
    }

    private func task(_ template: TaskTemplate, seed: UInt64, count: Int = 12) throws -> EvaluationTask {
        let folder = try TemporaryDirectory()
        var questions = RandomQuestions(seed: seed)
        return try EvaluationTask.load(questions.file(template, count: count, in: folder), split: .all)
    }

    @Test func operationsCountAttentionOverEachRow() throws {
        let asked = try MultipleChoice(
            task(.hellaswag, seed: 1), tokenizer: LetterTokenizer(), positions: 1000)
        let shape = try letterModel(seed: 1).architecture
        let cost = CostModel(shape)
        let width = Double(shape.blocks.reduce(0) { $0 + $1.queryHeads * shape.headSize })
        let squares = asked.encoded.reduce(0.0) { $0 + Double($1.tokens.count * $1.tokens.count) }
        let expected =
            Double(asked.tokenCount) * cost.forwardFLOPsPerToken(sequenceLength: 0) + 4 * width * squares
        #expect(squares > 0 && abs(asked.forwardOperations(shape) - expected) < 1e-9 * expected)
    }

    @Test(arguments: TaskTemplate.allCases, [1, 2] as [UInt64])
    func sharingTheBeginningGivesWhatEachChoiceGivesAlone(_ template: TaskTemplate, _ seed: UInt64) throws {
        let task = try task(template, seed: seed)
        // In float64 nothing but the order of sums differs.
        for (dtype, tolerance) in [(DType.float64, 1e-9), (.float32, 2e-3)] {
            let model = try letterModel(seed: seed, computeDType: dtype)
            let asked = try MultipleChoice(
                task, tokenizer: LetterTokenizer(), positions: 1000, batchTokens: seed == 1 ? 400 : 5000)
            let score = try asked.measure(model)
            #expect(score.questions.map(\.id) == task.questions.map(\.id))
            for (question, found) in zip(task.questions, score.questions) {
                let expected = try template.requests(question).map { try alone(model, $0) }
                #expect(found.logLikelihoods.count == expected.count)
                for (sum, own) in zip(found.logLikelihoods, expected) { #expect(abs(sum - own.sum) < tolerance) }
                if dtype == .float64 {
                    let sums = expected.map(\.sum)
                    let correct =
                        template.isFreeText
                        ? expected[0].isGreedy : sums.firstIndex(of: sums.max() ?? 0) == question.gold
                    #expect(found.isCorrect == correct)
                    let byLength = zip(sums, template.requests(question)).map { $0 / Double($1.length) }
                    let normalised = byLength.firstIndex(of: byLength.max() ?? 0) == question.gold
                    #expect(found.isCorrectNormalised == (template.metric == .normalisedAccuracy ? normalised : nil))
                }
            }
        }
    }

    @Test func questionsOfOneBatchDoNotSeeEachOther() throws {
        let model = try letterModel(computeDType: .float64)
        let task = try task(.arcEasy, seed: 9, count: 20)
        let together = try MultipleChoice(task, tokenizer: LetterTokenizer(), positions: 1000, batchTokens: 100_000)
        let apart = try MultipleChoice(task, tokenizer: LetterTokenizer(), positions: 1000, batchTokens: 1)
        var calls = 0
        let a = try together.measure(model) { _, _ in calls += 1 }
        #expect(calls == 1)
        let b = try apart.measure(model) { _, _ in calls += 1 }
        #expect(calls == 21)
        for (one, other) in zip(a.questions, b.questions) {
            for (x, y) in zip(one.logLikelihoods, other.logLikelihoods) { #expect(abs(x - y) < 1e-9) }
        }
    }

    @Test func theBeginningIsInTheRowOnce() throws {
        let texts = [[5, 6, 7], [5, 6, 8, 9], [5, 6, 7, 7]].map {
            EncodedQuestion.Text(context: [1, 2, 3, 4], continuation: $0.map { Int32($0) })
        }
        let row = EncodedQuestion(index: 0, texts)
        // Read are 1 2 3 4 5 6, 1 2 3 4 5 6 8 and 1 2 3 4 5 6 7: six tokens in common.
        #expect(row.tokens == [1, 2, 3, 4, 5, 6, 8, 7])
        #expect(row.branches == [0, 0, 0, 0, 0, 0, 2, 3])
        #expect(row.positions == [0, 1, 2, 3, 4, 5, 6, 6])
        #expect(row.scored.map { $0.map(\.place) } == [[3, 4, 5], [3, 4, 5, 6], [3, 4, 5, 7]])
        #expect(row.scored.map { $0.map(\.target) } == [[5, 6, 7], [5, 6, 8, 9], [5, 6, 7, 7]])
        #expect(!row.isPlain)
        // Answers of one token need no token of their own.
        #expect(
            EncodedQuestion(
                index: 0, [.init(context: [1, 2], continuation: [3]), .init(context: [1, 2], continuation: [4])]
            ).isPlain)
    }

    @Test func spacesAtTheEndOfAContextBelongToWhatFollows() throws {
        let tokenizer = LetterTokenizer()
        func text(_ context: String, _ continuation: String, limit: Int = 100) throws -> (String, String) {
            let made = try EncodedQuestion.Text(
                TaskRequest(context: context, continuation: continuation, length: 1), tokenizer, limit: limit,
                question: "q")
            return (
                String(decoding: try tokenizer.decode(made.context), as: UTF8.self),
                String(decoding: try tokenizer.decode(made.continuation), as: UTF8.self)
            )
        }
        #expect(try text("who ", "me") == ("who", " me"))
        // A token that spans the border counts as the context's last, as in the harness.
        #expect(try text("who: ", "me") == ("who:", "me"))
        #expect(try text("other", " ab") == ("other", " ab"))
        // Nothing stands before: the token that ends a text opens it.
        #expect(try text("", "ab").0 == "?")
        // A long context loses its beginning.
        #expect(try text("abcdefgh", " cd", limit: 5) == ("gh", " cd"))
        #expect(throws: EvaluationError.self) { try text("abc", " defgh", limit: 5) }
        #expect(throws: EvaluationError.self) { try text("abc", "") }
    }

    @Test func aModelRunsUnderMasksAndViewsToo() throws {
        let model = try letterModel(computeDType: .float64)
        let task = try task(.piqa, seed: 5, count: 6)
        var context = ForwardContext()
        context.masks = LayerMasks(layers_L: try Tensor([1, 0] as [Float]))
        let asked = try MultipleChoice(task, tokenizer: LetterTokenizer(), positions: 500)
        let masked = try asked.measure(model, in: context)
        #expect(try asked.measure(model) != masked)
        let expected = try TaskTemplate.piqa.requests(task.questions[0]).map { try alone(model, $0, in: context).sum }
        for (sum, own) in zip(masked.questions[0].logLikelihoods, expected) { #expect(abs(sum - own) < 1e-9) }

        let view = SubNetworkView(layers: [1], intermediateSizes: [48, 20])
        let viewed = try asked.measure(model, in: ForwardContext(view: view))
        let cut = try asked.measure(model.sliced(by: view))
        for (one, other) in zip(viewed.questions, cut.questions) {
            for (x, y) in zip(one.logLikelihoods, other.logLikelihoods) { #expect(abs(x - y) < 1e-9) }
        }
    }

    @Test func measuringLeavesNothingAndRefusesAnUnknownVocabulary() throws {
        let task = try task(.hellaswag, seed: 2, count: 8)
        let asked = try MultipleChoice(task, tokenizer: LetterTokenizer(), positions: 500)
        let model = try letterModel()
        let first = try asked.measure(model)
        #expect(try expectNoNewTensors { try asked.measure(model) } == first)
        let small = try TinyModel.make(TinyModel.architecture(layers: 1, vocabulary: 20))
        #expect { try asked.measure(small) } throws: { "\($0)".contains("the model knows 20") }
    }

    @Test func aScoreKnowsItsChanceAndItsInterval() throws {
        func score(_ outcomes: [Bool], chance: Double) -> TaskScore {
            TaskScore(
                task: "piqa", split: .report, metric: .normalisedAccuracy, chance: chance,
                questions: outcomes.enumerated().map {
                    .init(id: "\($0.offset)", logLikelihoods: [], isCorrect: false, isCorrectNormalised: $0.element)
                })
        }
        #expect(score(Array(repeating: true, count: 5) + Array(repeating: false, count: 5), chance: 0.5).isWithinChance)
        #expect(!score(Array(repeating: true, count: 20), chance: 0.5).isWithinChance)
        let measured = score([true, false], chance: 0.5).measurement
        #expect(measured.metric == "acc_norm" && measured.split == .report)
        #expect(
            measured.items == [
                .init(id: "0", correct: false, correctNorm: true), .init(id: "1", correct: false, correctNorm: false),
            ])
    }
}
