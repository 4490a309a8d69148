import Foundation
import Testing

@testable import Search

@Suite struct SearchSummaryTests {
    @Test func aSummaryHoldsTheFrontAndTheCurveToIt() throws {
        var evaluator = SmallSearch()
        var search = try SmallSearch.search(.linas)
        search.run(evaluations: 40, with: &evaluator)
        let summary = try SearchSummary(search, reference: search.reference(given: ["size": 30]))
        #expect(summary.hypervolumes.count == 40 && summary.evaluations == 40)
        #expect(zip(summary.hypervolumes, summary.hypervolumes.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(abs((summary.hypervolumes.last ?? 0) - summary.front.hypervolume) < 1e-9)
        #expect(summary.front.members.allSatisfy { search.archive[$0.id].genome == $0.genome })
        #expect(summary.predictors.map(\.objective) == ["loss"])
        let read = try JSONDecoder().decode(SearchSummary.self, from: JSONEncoder().encode(summary))
        #expect(read == summary)
    }

    @Test func searchesOfOneSeedShareTheirReference() throws {
        var references: [[Double]] = []
        for (method, isTurned) in [(SearchMethod.linas, false), (.nsga2, false), (.random, false), (.random, true)] {
            var evaluator = SmallSearch(isTurned: isTurned)
            let plain = try SmallSearch.search(method)
            var search = try EvolutionarySearch(
                space: plain.space,
                objectives: [
                    plain.objectives[0], SearchObjective("loss", isTurned ? .maximise : .minimise, .measured),
                ],
                method: method, population: 6, predictions: 60, seed: 3)
            search.run(evaluations: 20, with: &evaluator)
            let reference = try search.reference()
            let losses = search.archive[..<6].map(\.scores[1])
            let (least, most) = try (#require(losses.min()), #require(losses.max()))
            let expected = isTurned ? least - (most - least) / 20 : most + (most - least) / 20
            #expect(abs(reference[1] - expected) < 1e-12)
            references.append([reference[0], isTurned ? -reference[1] : reference[1]])
        }
        #expect(references.allSatisfy { $0 == references[0] })
        var broken = SmallSearch(brokenShare: 1)
        var search = try SmallSearch.search(.random)
        search.run(evaluations: 12, with: &broken)
        #expect(throws: SearchError.self) { try search.reference() }
        #expect(try search.reference(given: ["size": 30, "loss": 20]) == [30, 20])
    }
}
