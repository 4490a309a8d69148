import Testing

@testable import Search

/// All methods on the synthetic network, in shares of the exact front's hypervolume.
@Suite struct SyntheticGateTests {
    /// The mean over seeds of the share reached after 50, 100, ... 250 evaluations.
    private func shares(_ method: SearchMethod, seeds: Int) throws -> [Double] {
        let curves = try (0..<seeds).map { seed in
            var evaluator = SyntheticSearch()
            var search = try EvolutionarySearch(
                space: SyntheticSearch.space(), objectives: SyntheticSearch.objectives, method: method,
                seed: UInt64(seed))
            search.run(evaluations: 250, with: &evaluator)
            #expect(Set(search.archive.map(\.genome)).count == 250, "none is measured twice")
            return try ParetoFront.hypervolumes(
                after: search.archive, objectives: SyntheticSearch.objectives, reference: SyntheticSearch.reference)
        }
        return stride(from: 49, to: 250, by: 50).map { place in
            curves.reduce(0) { $0 + $1[place] } / Double(seeds) / SyntheticSearch.exactHypervolume
        }
    }

    @Test func theExactFrontHasTheStatedHypervolume() {
        let points = SyntheticSearch.exactFront()
        let front = Dominance.front(points).map { points[$0] }.sorted { $0[0] < $1[0] }
        #expect(abs(Hypervolume.exact(points, reference: SyntheticSearch.reference) - 202.53311) < 5e-6)
        #expect(front.count == 44)
        for (end, expected) in [(front[0], [6.9923, 30.05]), (front[43], [13.4768, 0])] {
            #expect(zip(end, expected).allSatisfy { abs($0 - $1) < 5e-5 }, "\(end)")
        }
    }

    @Test func linasIsNearTheExactFrontAfterAHundredEvaluations() throws {
        let shares = try shares(.linas, seeds: 8)
        #expect(shares[1] >= 0.970 && shares[4] >= 0.985, "\(shares)")
    }

    /// Means of 20 seeds of an independent program with the same operators.
    @Test(
        arguments: [
            (SearchMethod.random, [0.789, 0.818, 0.832, 0.839, 0.844]),
            (.nsga2, [0.801, 0.820, 0.840, 0.858, 0.868]),
        ])
    func theBaselinesReachWhatTheyShould(method: SearchMethod, published: [Double]) throws {
        let shares = try shares(method, seeds: 20)
        #expect(zip(shares, published).allSatisfy { abs($0 - $1) <= 0.012 }, "\(shares)")
    }
}
