import Corpus
import Evaluation
import Fixtures
import Search
import Testing
import Torch
import Transformer

@testable import SuperNetwork

@Suite struct SubNetworkEvaluatorTests {
    private let folder: TemporaryDirectory
    private let corpus: PackedCorpus
    private let model: LanguageModel
    private let space = ElasticSpace(
        layerCounts: [2, 3, 4], intermediateSizes: [[16, 48], [16, 32, 48], [0, 48], [24, 48]], dropOrder: [2, 1])

    init() throws {
        folder = try TemporaryDirectory()
        corpus = try TinyCorpus.make(in: folder.path)
        model = try TinyModel.make()
    }

    private func evaluator(_ objectives: [CandidateObjective]) throws -> SubNetworkEvaluator {
        try SubNetworkEvaluator(
            model, space: space, objectives: objectives, rows: DomainLoss(corpus: corpus, rowsPerDomain: 3),
            speed: ThroughputSettings(columns: 4, decoded: 2, repeats: 1))
    }

    private func genomes(_ count: Int) throws -> [Genome] {
        var stream = RandomStream(seed: 4, name: "candidates")
        return [space.smallestGenome, space.fullGenome] + (0..<count).map { _ in space.randomGenome(&stream) }
    }

    @Test func aCandidateScoresAsItsSlice() throws {
        let evaluator = try evaluator([.domainLoss, .parameters, .halfPrecisionBytes])
        let genomes = try genomes(8)
        for (genome, scores) in zip(genomes, try evaluator.scores(genomes)) {
            let slice = try model.sliced(by: space.view(of: genome))
            let loss = try DomainLoss(corpus: corpus, rowsPerDomain: 3).measure(slice).meanLoss ?? .nan
            #expect(scores.count == 1 && abs(scores[0] - loss) < 1e-5)
            let parameters = Double(slice.architecture.parameterCount)
            #expect(evaluator.computedScores(genome) == [parameters, 2 * parameters])
        }
    }

    @Test func sizesOfWeightsAndCacheAreThoseOfTheSlice() throws {
        let evaluator = try evaluator([.domainLoss, .int4Bytes, .keyValueBytes])
        #expect(CandidateObjective.sizeNames == ["parameters", "fp16_bytes", "int8_bytes", "int4_bytes", "kv_bytes"])
        for genome in try genomes(8) {
            let slice = try model.sliced(by: space.view(of: genome)).architecture
            // Keys and values of each layer, two bytes a number.
            let cache = slice.blocks.reduce(0) { $0 + 2 * 2 * $1.keyValueHeads * slice.headSize }
            #expect(
                evaluator.computedScores(genome)
                    == [Double(ModelSize(slice).quantizedBytes(.int4)), Double(cache)])
        }
    }

    /// Weights stay where and what they are, and no tensor outlives a candidate.
    @Test func candidatesMoveNothingAndLeaveNothing() throws {
        let evaluator = try evaluator([.domainLoss, .decodeLatency, .prefillLatency])
        let genomes = try genomes(6)
        let before = try model.parameters.map { try $0.value.floats() }
        // The first pass makes the table of rotary angles, which the model keeps.
        let first = try evaluator.scores([space.smallestGenome])
        let scores = try expectNoNewTensors { try evaluator.scores(genomes) }
        #expect(scores.first?.first == first.first?.first)
        #expect(try model.parameters.map { try $0.value.floats() } == before)
        #expect(scores.allSatisfy { $0.count == 3 && $0.allSatisfy { $0.isFinite && $0 > 0 } })
        let again = try evaluator.scores(genomes)
        #expect(again.map(\.first) == scores.map(\.first))
    }

    @Test func aSearchFindsWhatIsThere() throws {
        var evaluator = try evaluator([.domainLoss, .parameters])
        let names = evaluator.objectives.map(\.searched)
        var search = try EvolutionarySearch(
            space: space.searchSpace(), objectives: names, method: .linas, population: 8, predictions: 200, seed: 2)
        #expect(search.space.genomeCount == space.subNetworkCount)
        try search.run(evaluations: 1_000, with: &evaluator)
        // The space is small enough to be measured whole, so the front is the true one.
        #expect(search.archive.count == Int(space.subNetworkCount))
        let reference = [20, 1.1 * Double(model.architecture.parameterCount)]
        let front = try ParetoFront(objectives: names, evaluations: search.archive, reference: reference)
        for member in front.members {
            #expect(
                !search.archive.contains { other in
                    other.scores[0] < member.scores[0] && other.scores[1] <= member.scores[1]
                })
        }
    }

    @Test func accuracyIsThatOfTheSliceOnTheSearchHalf() throws {
        let lines = (0..<24).map { number in
            """
            {"id": "q\(number)", "query": "Line \(number) of a text", "choices": ["says little.", "is number \(number)."], "gold": \(number % 2)}
            """
        }
        let path = try folder.write(lines.joined(separator: "\n") + "\n", to: "piqa.jsonl")
        let tokenizer = try loadTokenizer(at: FixtureFiles.root + "/Tests/Fixtures/Text/tokenizer", parseSpecial: false)
        let model = try TinyModel.make(TinyModel.architecture(vocabulary: 512))
        func asked(_ split: TaskSplit) throws -> MultipleChoice {
            try MultipleChoice(EvaluationTask.load(path, split: split), tokenizer: tokenizer, positions: 64)
        }
        let objectives: [CandidateObjective] = [.accuracy(task: "piqa"), .parameters]
        let task = try asked(.search)
        let evaluator = try SubNetworkEvaluator(model, space: space, objectives: objectives, tasks: [task])
        let genomes = try genomes(4)
        for (genome, scores) in zip(genomes, try evaluator.scores(genomes)) {
            let slice = try model.sliced(by: space.view(of: genome))
            #expect(try scores == [task.measure(slice).result.value])
        }
        for split in [TaskSplit.report, .all] {
            let other = try asked(split)
            #expect {
                try SubNetworkEvaluator(model, space: space, objectives: objectives, tasks: [other])
            } throws: {
                "\($0)".contains("state split: search")
            }
        }
    }

    @Test func whatAnObjectiveNeedsMustBeGiven() throws {
        #expect { try SubNetworkEvaluator(model, space: space, objectives: [.domainLoss, .parameters]) } throws: {
            "\($0)".contains("without rows")
        }
        #expect {
            try SubNetworkEvaluator(model, space: space, objectives: [.accuracy(task: "piqa"), .parameters])
        } throws: {
            "\($0)".contains("accuracy:piqa") && "\($0)".contains("the tasks are none")
        }
        let narrow = ElasticSpace(layerCounts: [1], intermediateSizes: [[4]])
        #expect(throws: SuperNetworkError.self) {
            try SubNetworkEvaluator(model, space: narrow, objectives: [.parameters])
        }
    }

    @Test func objectivesAreTheirNames() {
        for name in [
            "domain_loss", "accuracy:arc_easy", "prefill_latency", "decode_latency", "parameters", "fp16_bytes",
            "int8_bytes", "int4_bytes", "kv_bytes",
        ] {
            #expect(CandidateObjective(name)?.name == name)
            #expect(CandidateObjective(name)?.searched.name == name)
        }
        for name in ["", "accuracy", "accuracy:", "loss", "Parameters"] { #expect(CandidateObjective(name) == nil) }
        #expect(CandidateObjective("accuracy:x")?.searched.goal == .maximise)
    }
}
