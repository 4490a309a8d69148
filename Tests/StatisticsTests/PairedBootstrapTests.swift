import Corpus
import Statistics
import Testing

@Suite struct PairedBootstrapTests {
    private func stratum(_ values: [[Double]], weights: [Double]? = nil) -> Stratum {
        Stratum(name: "d", weights: weights ?? values[0].map { _ in 1 }, sums: values)
    }

    /// Three rows give two draws, so nine equally likely resamples: means 0, .5, 1, .5, 1, 1.5, 1, 1.5, 2.
    @Test func threeRowsGiveTheirKnownDistribution() throws {
        let bootstrap = PairedBootstrap(strata: [stratum([[0, 1, 2]])], resamples: 40_000, seed: 3)
        let estimate = bootstrap.estimate(of: 0)
        // The variance of that distribution is 1/3, that of the mean of three rows: their own variance, 1, over 3.
        let error = try #require(estimate.standardError)
        #expect(abs(error - (1.0 / 3).squareRoot()) < 0.01)
        #expect(estimate.interval == Interval(low: 0, high: 2) && estimate.value == 1)
    }

    @Test func standardErrorsAreThoseOfTheMean() throws {
        for seed in 0..<5 as Range<UInt64> {
            var stream = RandomStream(seed: seed, name: "test")
            let rows = (0..<9).map { _ in stream.uniform() }
            let mean = rows.reduce(0, +) / 9
            let deviation = (rows.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 8).squareRoot()
            let found = PairedBootstrap(strata: [stratum([rows])], resamples: 4000, seed: seed).estimate(of: 0)
            let error = try #require(found.standardError)
            #expect(abs(error / (deviation / 3) - 1) < 0.05)
        }
    }

    @Test func whatAllModelsShareCancelsOut() throws {
        var stream = RandomStream(seed: 1, name: "test")
        let hardness = (0..<20).map { _ in 10 * stream.uniform() }
        let rows = [hardness, hardness.map { $0 + 0.25 }]
        let bootstrap = PairedBootstrap(strata: [stratum(rows)], resamples: 500, seed: 1)
        let difference = bootstrap.difference(1, 0)
        let interval = try #require(difference.interval)
        #expect(abs(interval.low - 0.25) < 1e-9 && abs(interval.high - 0.25) < 1e-9)
        let error = try #require(bootstrap.estimate(of: 0).standardError)
        #expect(error > 0.1)
        #expect(bootstrap.probability(1, 0) == 2.0 / 501 && bootstrap.probability(0, 0) == 1)
    }

    @Test func domainsCountTheSameWhateverTheirRows() {
        let strata = [
            Stratum(name: "a", weights: [10, 30], sums: [[10, 90]]),
            Stratum(name: "b", weights: [1, 1, 2], sums: [[4, 4, 4]]),
        ]
        #expect(PairedBootstrap(strata: strata, resamples: 10, seed: 0).means == [(100.0 / 40 + 12.0 / 4) / 2])
    }

    @Test func oneRowHasNoInterval() {
        let bootstrap = PairedBootstrap(strata: [stratum([[1], [2]])], resamples: 100, seed: 0)
        #expect(bootstrap.difference(0, 1) == .init(value: -1) && bootstrap.probability(0, 1) == nil)
    }

    @Test func seedsDecideEverything() {
        let strata = [stratum([[1, 5, 2, 8], [2, 4, 4, 4]])]
        func difference(_ seed: UInt64) -> PairedBootstrap.Estimate {
            PairedBootstrap(strata: strata, resamples: 200, seed: seed).difference(0, 1)
        }
        #expect(difference(7) == difference(7) && difference(7) != difference(8))
    }

    /// Seven domains of eight rows, as small as the pipelines take: intervals hold the true difference in about 95 of 100
    /// trials, for rows of a symmetric and of a skewed kind.
    @Test(arguments: [false, true])
    func intervalsCoverTheTruth(isSkewed: Bool) throws {
        let trials = 400
        var covered = 0
        var refused = 0
        for trial in 0..<trials {
            var stream = RandomStream(seed: UInt64(trial), name: "coverage")
            let strata = (0..<7).map { domain in
                let rows = (0..<8).map { _ -> (Double, Double) in
                    let common = 3 * stream.uniform()
                    let noise = stream.uniform()
                    // The square of a uniform number has mean 1/3.
                    return (common, common + 0.2 + (isSkewed ? noise * noise - 1.0 / 3 : noise - 0.5))
                }
                return Stratum(
                    name: "\(domain)", weights: rows.map { _ in 1 }, sums: [rows.map(\.0), rows.map(\.1)])
            }
            let bootstrap = PairedBootstrap(strata: strata, resamples: 400, seed: UInt64(trial))
            if try #require(bootstrap.difference(1, 0).interval).contains(0.2) { covered += 1 }
            if try #require(bootstrap.probability(1, 0)) < 0.05 { refused += 1 }
        }
        // Three standard errors of a share of 0.95 in 400 trials are 0.033.
        #expect((0.917...0.983).contains(Double(covered) / Double(trials)), "\(covered) of \(trials)")
        #expect(refused > trials * 9 / 10)
    }
}
