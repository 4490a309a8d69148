import Corpus
import Foundation
import Testing

@testable import Search

@Suite struct ParetoFrontTests {
    private let objectives = [
        SearchObjective("size", .minimise, .computed), SearchObjective("accuracy", .maximise, .measured),
    ]

    private func evaluations(_ scores: [[Double]]) -> [MeasuredCandidate] {
        scores.enumerated().map { id, scores in
            MeasuredCandidate(
                id: id, genome: Genome([UInt8(id)]), scores: scores, round: 0, method: .random, seconds: 1)
        }
    }

    @Test func theFrontRespectsTheGoalOfEachObjective() throws {
        let front = try ParetoFront(
            objectives: objectives, evaluations: evaluations([[3, 0.9], [1, 0.5], [2, 0.4], [2, 0.8], [1, 0.2]]),
            reference: [4, 0])
        #expect(front.members.map(\.id) == [1, 3, 0])
        #expect(abs(front.hypervolume - (0.5 * 3 + 0.3 * 2 + 0.1 * 1)) < 1e-12)
        #expect(front.knee?.id == 3)
    }

    @Test func candidatesWithoutANumberAreLeftOut() throws {
        let front = try ParetoFront(
            objectives: objectives, evaluations: evaluations([[1, .nan], [2, .infinity], [3, 0.5]]), reference: [4, 0])
        #expect(front.members.map(\.id) == [2])
        #expect(front.knee?.id == 2)
        let empty = try ParetoFront(objectives: objectives, evaluations: [], reference: [4, 0])
        #expect(empty.knee == nil && empty.hypervolume == 0)
    }

    @Test func theHypervolumeAfterEachEvaluationIsThatOfTheFrontSoFar() throws {
        for seed in 0..<20 {
            var stream = RandomStream(seed: UInt64(seed), name: "curve")
            let all = evaluations((0..<40).map { _ in [stream.uniform() * 2, stream.uniform()] })
            let curve = try ParetoFront.hypervolumes(after: all, objectives: objectives, reference: [1.5, 0.1])
            for count in 1...40 {
                let front = try ParetoFront(
                    objectives: objectives, evaluations: Array(all[..<count]), reference: [1.5, 0.1])
                #expect(abs(curve[count - 1] - front.hypervolume) < 1e-12)
            }
        }
    }

    @Test func aFrontSurvivesJSON() throws {
        let front = try ParetoFront(
            objectives: objectives, evaluations: evaluations([[3, 0.9], [1, 0.1 + 0.2]]), reference: [4, 0])
        let read = try JSONDecoder().decode(ParetoFront.self, from: JSONEncoder().encode(front))
        #expect(read == front)
    }

    @Test func unfitObjectivesAndReferencesAreRefused() {
        #expect(throws: SearchError.self) {
            try ParetoFront(objectives: [objectives[0]], evaluations: [], reference: [1])
        }
        #expect(throws: SearchError.self) {
            try ParetoFront(objectives: [objectives[0], objectives[0]], evaluations: [], reference: [1, 1])
        }
        for reference in [[1.0], [1, .nan], [1, 2, 3]] {
            #expect(throws: SearchError.self) {
                try ParetoFront(objectives: objectives, evaluations: [], reference: reference)
            }
        }
    }
}
