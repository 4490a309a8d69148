import Corpus
import Evaluation
import Fixtures
import Testing
import Torch
import Transformer

@Suite struct EvaluationTests {
    @Test func aDomainsLossIsTheMeanOverItsTokens() throws {
        let run = try TinyRun(separateDocuments: true)
        let model = try run.model()
        let scores = try DomainLoss(corpus: run.corpus, batchRows: 4).measure(model)
        for (domain, score) in scores.enumerated() {
            let batch = try run.corpus.batch((0..<6).map { RowID(domain: domain, row: $0) }, from: .validation)
            let sum = try model.rowLosses(of: batch).sum().item()
            #expect(score.tokens == batch.countedTokens && score.rows == 6)
            #expect(abs((score.lossNats ?? 0) - sum / Double(batch.countedTokens)) < 1e-5)
        }
    }

    @Test func measuringChangesNothingAndLeavesNothing() throws {
        let run = try TinyRun()
        let model = try run.model()
        let before = try bits(model)
        let measure = DomainLoss(corpus: run.corpus, rowsPerDomain: 3)
        let first = try measure.measure(model)
        #expect(try expectNoNewTensors { try measure.measure(model) } == first)
        #expect(try bits(model) == before && first.allSatisfy { $0.rows == 3 })
    }

    @Test func rangesOfRowsAreMeasuredApart() throws {
        let run = try TinyRun(separateDocuments: true)
        let model = try run.model()
        func sums(_ first: Int, _ count: Int?) throws -> [Double] {
            try DomainLoss(corpus: run.corpus, firstRow: first, rowsPerDomain: count, batchRows: 2).measure(model)
                .map { ($0.lossNats ?? 0) * Double($0.tokens) }
        }
        let parts = try [sums(0, 2), sums(2, 3), sums(5, nil)]
        for (domain, whole) in try sums(0, nil).enumerated() {
            #expect(abs(parts.reduce(0) { $0 + $1[domain] } - whole) < 1e-4 * whole)
        }
        let beyond = try DomainLoss(corpus: run.corpus, firstRow: 6).measure(model)
        #expect(beyond.allSatisfy { $0.lossNats == nil && $0.rows == 0 })
    }

    @Test func aViewScoresAsItsSlice() throws {
        let run = try TinyRun(separateDocuments: true)
        let model = try run.model()
        let view = SubNetworkView(layers: [1], intermediateSizes: [24, 9])
        let measure = DomainLoss(corpus: run.corpus)
        let found = try measure.measure(model, view: view)
        for (score, expected) in zip(found, try measure.measure(model.sliced(by: view))) {
            #expect(score.tokens == expected.tokens)
            #expect(abs((score.lossNats ?? 0) - (expected.lossNats ?? 1)) < 1e-5)
        }
        #expect(try measure.measure(model, view: SubNetworkView(all: model.architecture)) == measure.measure(model))
        #expect(try measure.measure(model) != found)
    }

    @Test func theStandardErrorIsThatOfAMeanOverEqualRows() {
        let sums = [10.0, 12, 9, 13, 11]
        let score = DomainScore(domain: "x", rowSums: sums, rowTokens: [5, 5, 5, 5, 5])
        // Five means 2, 2.4, 1.8, 2.6, 2.2: deviation sqrt(0.1), over sqrt(5).
        #expect(abs((score.lossNats ?? 0) - 2.2) < 1e-12)
        #expect(abs((score.standardError ?? 0) - (0.1 / 5).squareRoot()) < 1e-12)
        let one = DomainScore(domain: "x", rowSums: [3], rowTokens: [2])
        #expect(one.lossNats == 1.5 && one.standardError == nil)
        let none = DomainScore(domain: "x", rowSums: [], rowTokens: [])
        #expect(none.lossNats == nil && none.perplexity == nil)
        #expect([one, none].meanLoss == 1.5 && [none].meanLoss == nil)
    }

    @Test func rowsOfALargerVocabularyAreRefused() throws {
        let run = try TinyRun()
        let shape = BlockShape(queryHeads: 1, keyValueHeads: 1, intermediateSize: 8)
        let small = try LanguageModel(
            Architecture(
                vocabularySize: 32, hiddenSize: 8, headSize: 8, blocks: [shape], tiedEmbeddings: true,
                maximumPositions: 64), initializedWith: 1)
        #expect { try DomainLoss(corpus: run.corpus).measure(small) } throws: {
            "\($0)".contains("64 tokens") && "\($0)".contains("32")
        }
    }

    @Test func scoresAreTheLogProbabilitiesOfTheTokens() throws {
        let model = try TinyRun().model()
        let sequences = [[5, 9, 33, 2, 2, 60], [7], [], [1, 2]]
        var found: [[Float]] = []
        try Scoring.logProbabilities(of: sequences, under: model) { _, scores in found.append(scores) }
        #expect(found.map(\.count) == [5, 0, 0, 1])
        let tokens = try Tensor(sequences[0], shape: [1, 6])
        let logits = try withoutGradients { try model.logits(model.hidden(tokens)).logSoftmax(over: 2).floats() }
        for position in 0..<5 {
            #expect(
                abs(found[0][position] - logits[position * TinyCorpus.vocabularySize + sequences[0][position + 1]])
                    < 1e-5)
        }
    }

    @Test func logitsAreThoseOfEveryPosition() throws {
        let model = try TinyRun().model()
        let sequences = [[5, 9, 33], [], [7]]
        let found = try Scoring.logits(of: sequences, under: model)
        #expect(found.map(\.sequence) == [0, 2])
        for (number, logits) in found {
            let tokens = try Tensor(sequences[number], shape: [1, sequences[number].count])
            #expect(
                logits.shape == [1, sequences[number].count, TinyCorpus.vocabularySize] && logits.dtype == .float32)
            #expect(try logits.isIdentical(to: withoutGradients { try model.logits(model.hidden(tokens)) }))
        }
        #expect(throws: EvaluationError.self) { try Scoring.logits(of: [[64]], under: model) }
    }

    @Test func anUnknownTokenIsNamedBeforeAnythingIsScored() throws {
        let model = try TinyRun().model()
        var scored = 0
        #expect {
            try Scoring.logProbabilities(of: [[1, 2], [3, 64]], under: model) { _, _ in scored += 1 }
        } throws: { "\($0)".contains("Sequence 1, token 1: id 64") }
        #expect(scored == 0)
    }

    @Test func theProcessKnowsItsMemory() throws {
        #expect(MemoryUse.peakResidentBytes >= MemoryUse.residentBytes / 2 && MemoryUse.residentBytes > 10_000_000)
        // Other tests run beside this one, so only much more than they take shows.
        let large = try Tensor.ones([1 << 29], .uint8)
        #expect(MemoryUse.peakResidentBytes > large.bytes && MemoryUse.residentBytes > large.bytes)
    }
}
