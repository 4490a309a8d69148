import Fixtures
import Foundation
import Report
import Search
import Testing

@testable import Pipeline

@Suite struct SearchTraceTests {
    /// Fewer ones are smaller, and ones further left are worth more.
    private struct Ones: CandidateEvaluator {
        func scores(_ genomes: [Genome]) throws(SearchError) -> [[Double]] {
            genomes.map { genome in
                [genome.genes.enumerated().reduce(0.0) { $0 + Double($1.element) * (10 - Double($1.offset)) }]
            }
        }

        func computedScores(_ genome: Genome) -> [Double] { [Double(genome.genes.reduce(0, +))] }
        var violation: ((Genome) -> Double)? { nil }
    }

    /// An artifact as a search stage leaves it.
    private func artifact(in folder: TemporaryDirectory) throws -> (Artifact, EvolutionarySearch) {
        var search = try EvolutionarySearch(
            space: SearchSpace(optionCounts: [Int](repeating: 2, count: 8)),
            objectives: [
                SearchObjective("worth", .maximise, .measured), SearchObjective("size", .minimise, .computed),
            ], method: .nsga2, population: 8, predictions: 8, seed: 4)
        let journal = try SearchJournal(path: folder.path("journal.csv"), objectives: search.objectives)
        var evaluator = Ones()
        try search.run(evaluations: 40, with: &evaluator) { (candidate) throws(SearchError) in
            try journal.append(candidate)
        }
        let summary = try SearchSummary(search, reference: search.reference(given: ["size": 9]))
        try CanonicalJSON.readable(summary).write(to: URL(filePath: folder.path("front.json")))
        let record = StageRecord(
            id: stage("searched"), kind: .evaluate, fingerprint: Fingerprint(of: [1]), revision: 1, seed: 4,
            with: .object([:]), inputs: [], lineage: [], codeVersion: "", libtorchVersion: "", processor: "",
            finishedAt: 0, cost: StageCost(), facts: .object([:]), files: [])
        return (Artifact(path: folder.path, record: record), search)
    }

    @Test func whatASearchLeftIsReadWhole() throws {
        let folder = try TemporaryDirectory()
        let (artifact, search) = try artifact(in: folder)
        let trace = try #require(try SearchTrace.read(artifact))
        #expect(trace.stage == "searched" && trace.algorithm == "nsga2" && trace.scores == search.archive.map(\.scores))
        #expect(trace.objectives.map(\.isMaximised) == [true, false] && trace.reference.last == 9)
        let volumes = trace.hypervolumes
        #expect(volumes.count == 40 && volumes == volumes.sorted())
        for one in trace.front {
            let better = trace.scores.contains { other in
                other[0] >= trace.scores[one][0] && other[1] <= trace.scores[one][1] && other != trace.scores[one]
            }
            #expect(!better, "candidate \(one) of the front is beaten")
        }
    }

    @Test func aJournalThatDoesNotFitIsRefused() throws {
        let folder = try TemporaryDirectory()
        let (artifact, _) = try artifact(in: folder)
        let journal = folder.path("journal.csv")
        let lines = try String(contentsOfFile: journal, encoding: .utf8).split(separator: "\n")
        try folder.write(lines.dropLast().joined(separator: "\n") + "\n", to: "journal.csv")
        #expect(throws: PipelineError.self) { try SearchTrace.read(artifact) }
        try folder.write("{}", to: "front.json")
        #expect(throws: PipelineError.self) { try SearchTrace.read(artifact) }
        try FileManager.default.removeItem(atPath: folder.path("front.json"))
        #expect(try SearchTrace.read(artifact) == nil)
    }
}
