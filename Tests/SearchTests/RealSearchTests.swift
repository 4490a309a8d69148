import Testing

@testable import Search

@Suite struct RealSearchTests {
    @Test(arguments: TestProblem.allCases)
    func publishedProblemsEndInThePublishedBands(problem: TestProblem) {
        let search = problem.search
        let reference = [Double](repeating: 1.1, count: problem.objectiveCount)
        let fronts = (0..<10).map { seed in
            search.minimised(population: 100, generations: 250, seed: seed) { problem.scores($0) }
        }
        // ZDT4 has many local fronts: a single seed may end in one.
        func middle(_ sorted: [Double]) -> Double {
            problem == .zdt4 ? (sorted[4] + sorted[5]) / 2 : sorted.reduce(0, +) / 10
        }
        let volumes = fronts.map { Hypervolume.exact($0, reference: reference) }.sorted()
        let (mean, deviation, least) = problem.published
        #expect(abs(middle(volumes) - mean) <= 2 * deviation, "\(volumes)")
        if problem != .zdt4 { #expect(volumes[0] > least - deviation) }
        let distances = fronts.map(problem.distance).sorted()
        let published = problem.publishedDistance
        #expect(abs(middle(distances) - published.mean) <= 2 * published.deviation, "\(distances)")
    }

    @Test func theSameSeedGivesTheSamePopulation() {
        let problem = TestProblem.zdt3
        let runs = [1, 1, 2].map { seed in
            problem.search.minimised(population: 20, generations: 15, seed: seed) { problem.scores($0) }
        }
        #expect(runs[0] == runs[1] && runs[0] != runs[2])
    }
}
