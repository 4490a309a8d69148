import Foundation
import Testing

@testable import Search

@Suite struct EvolutionarySearchTests {
    /// A search in a space of 28 genomes or of a few thousand, in rounds of six.
    private func small(_ method: SearchMethod, seed: UInt64 = 3, layers: Int = 12) throws -> EvolutionarySearch {
        try SmallSearch.search(method, seed: seed, layers: layers)
    }

    @Test(arguments: SearchMethod.allCases)
    func anEncodedSearchGoesOnAsIfNothingHadHappened(method: SearchMethod) throws {
        var evaluator = SmallSearch()
        var whole = try small(method)
        whole.run(evaluations: 40, with: &evaluator)
        for count in 0...40 {
            var part = try small(method)
            part.run(evaluations: count, with: &evaluator)
            part = try JSONDecoder().decode(EvolutionarySearch.self, from: JSONEncoder().encode(part))
            part.run(evaluations: 40, with: &evaluator)
            #expect(part.archive.map(\.row) == whole.archive.map(\.row), "interrupted after \(count)")
        }
    }

    @Test(arguments: SearchMethod.allCases)
    func batchesAndTheNumberOfEvaluationsChangeNoRow(method: SearchMethod) throws {
        var evaluator = SmallSearch()
        var one = try small(method)
        one.run(evaluations: 33, with: &evaluator)
        var four = try small(method)
        four.run(evaluations: 21, with: &evaluator, batch: 4)
        #expect(four.archive.map(\.row) == one.archive.prefix(21).map(\.row))
        #expect(evaluator.largestBatch == 4)
        var other = try small(method, seed: 4)
        other.run(evaluations: 33, with: &evaluator)
        #expect(other.archive.map(\.row) != one.archive.map(\.row))
    }

    @Test func allMethodsBeginWithTheSamePopulation() throws {
        var evaluator = SmallSearch()
        let first = try SearchMethod.allCases.map { method in
            var search = try small(method)
            search.run(evaluations: 6, with: &evaluator)
            return search.archive.map(\.row)
        }
        #expect(first[0] == first[1] && first[1] == first[2])
    }

    @Test(arguments: SearchMethod.allCases)
    func noGenomeIsMeasuredTwiceAndASmallSpaceIsMeasuredWhole(method: SearchMethod) throws {
        var evaluator = SmallSearch(layers: 4)
        var search = try small(method, layers: 4)
        #expect(search.space.genomeCount == 28)
        search.run(evaluations: 500, with: &evaluator)
        #expect(search.archive.count == 28 && Set(search.archive.map(\.genome)).count == 28)
        #expect(search.archive.allSatisfy { search.space.contains($0.genome) })
        #expect(search.archive.map(\.id) == Array(0..<28))
        search.run(evaluations: 500, with: &evaluator)
        #expect(search.archive.count == 28)
    }

    /// Turning an objective round, its goal with it, is the same search.
    @Test(arguments: [SearchMethod.linas, .nsga2])
    func theGoalIsASign(method: SearchMethod) throws {
        var evaluator = SmallSearch()
        var least = try small(method)
        least.run(evaluations: 40, with: &evaluator)
        var turned = SmallSearch(isTurned: true)
        var most = try EvolutionarySearch(
            space: least.space,
            objectives: [least.objectives[0], SearchObjective("loss", .maximise, .measured)], method: method,
            population: 6, predictions: 120, seed: 3)
        most.run(evaluations: 40, with: &turned)
        #expect(most.archive.map(\.genome) == least.archive.map(\.genome))
        #expect(most.archive.map { -$0.scores[1] } == least.archive.map { $0.scores[1] })
    }

    @Test(arguments: SearchMethod.allCases)
    func candidatesWithoutANumberDoNotStopASearch(method: SearchMethod) throws {
        for share in [2, 1] {
            var evaluator = SmallSearch(brokenShare: share)
            var search = try small(method)
            search.run(evaluations: 60, with: &evaluator)
            #expect(search.archive.count == 60)
            #expect(search.archive.contains { !$0.isComparable })
            if share == 1 { #expect(search.archive.allSatisfy { !$0.isComparable }) }
        }
    }

    @Test func threeObjectivesAreSearched() throws {
        var evaluator = ThreeWays()
        var volumes: [SearchMethod: Double] = [:]
        for method in SearchMethod.allCases {
            var search = try EvolutionarySearch(
                space: ThreeWays.space(), objectives: ThreeWays.objectives, method: method, population: 20,
                predictions: 2_000, seed: 1)
            search.run(evaluations: 80, with: &evaluator)
            #expect(search.predictors.map(\.objective) == (method == .linas ? ["left", "right"] : []))
            volumes[method] = try ParetoFront(
                objectives: ThreeWays.objectives, evaluations: search.archive, reference: [1, 1, 1]
            ).hypervolume
        }
        #expect(volumes[.linas] ?? 0 > volumes[.random] ?? 1)
    }

    @Test func aFailureOfTheEvaluatorLeavesASearchThatGoesOn() throws {
        var evaluator = FailingSearch(failsAt: 17)
        var search = try small(.linas)
        #expect(throws: FailingSearch.Failed.self) { try search.run(evaluations: 30, with: &evaluator) }
        #expect(search.archive.count == 17)
        evaluator.failsAt = nil
        try search.run(evaluations: 30, with: &evaluator)
        var whole = try small(.linas)
        try whole.run(evaluations: 30, with: &evaluator)
        #expect(search.archive.map(\.row) == whole.archive.map(\.row))
    }

    @Test func settingsThatMakeNoSearchAreRefused() throws {
        let space = try SearchSpace(optionCounts: [2, 2])
        let (size, loss) = (
            SearchObjective("size", .minimise, .computed), SearchObjective("loss", .minimise, .measured)
        )
        let wrong: [([SearchObjective], Int, Int)] = [
            ([loss], 10, 100), ([size, loss, loss], 10, 100), ([size, loss], 1, 100), ([size, loss], 10, 9),
            ([size, SearchObjective("bytes", .minimise, .computed)], 10, 100),
            ([size, SearchObjective("a,b", .minimise, .measured)], 10, 100),
            ([size, SearchObjective("", .minimise, .measured)], 10, 100),
        ]
        for (objectives, population, predictions) in wrong {
            #expect(throws: SearchError.self) {
                try EvolutionarySearch(
                    space: space, objectives: objectives, method: .linas, population: population,
                    predictions: predictions, seed: 0)
            }
        }
    }
}

@Suite struct ConstrainedSearchTests {
    /// `SmallSearch` of which only sizes in a narrow range may be measured.
    private struct Narrow: CandidateEvaluator {
        var inner = SmallSearch()
        let range = 13.0...14.0

        mutating func scores(_ genomes: [Genome]) -> [[Double]] { inner.scores(genomes) }
        func computedScores(_ genome: Genome) -> [Double] { inner.computedScores(genome) }
        var violation: ((Genome) -> Double)? {
            { genome in
                let size = computedScores(genome)[0]
                return max(range.lowerBound - size, size - range.upperBound, 0)
            }
        }
    }

    @Test(arguments: SearchMethod.allCases)
    func onlyWhatMayBeMeasuredIs(method: SearchMethod) throws {
        var evaluator = Narrow()
        var search = try SmallSearch.search(method)
        search.run(evaluations: 48, with: &evaluator)
        #expect(search.archive.count == 48 && Set(search.archive.map(\.genome)).count == 48)
        #expect(search.archive.allSatisfy { evaluator.range.contains($0.scores[0]) })
        for count in [0, 5, 6, 20, 47] {
            var resumed = try SmallSearch.search(method)
            try resumed.resume(Array(search.archive[..<count]), with: evaluator)
            resumed.run(evaluations: 48, with: &evaluator)
            #expect(resumed.archive.map(\.row) == search.archive.map(\.row))
        }
        if method == .linas { #expect(search.archive.contains { $0.method == .predicted }) }
    }
}
