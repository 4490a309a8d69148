import Statistics
import Testing

@Suite struct McNemarTests {
    /// Exact fractions of the binomial with share 1/2: 2 · Σ C(n, i) / 2^n.
    @Test(
        arguments: [
            (1, 9, 22.0 / 1024), (0, 10, 2.0 / 1024), (5, 15, 2 * 21700.0 / 1_048_576), (3, 3, 1), (0, 0, 1), (0, 1, 1),
            (2, 1, 1),
        ] as [(Int, Int, Double)])
    func probabilitiesAreTheBinomialFractions(first: Int, second: Int, expected: Double) {
        #expect(abs(McNemar(onlyFirst: first, onlySecond: second).probability - expected) < 1e-12)
        #expect(abs(McNemar(onlyFirst: second, onlySecond: first).probability - expected) < 1e-12)
    }

    /// `scipy.stats.binomtest(k, n).pvalue` of SciPy 1.17.1.
    @Test func largeCountsAreThoseOfSciPy() {
        #expect(abs(McNemar(onlyFirst: 450, onlySecond: 550).probability - 0.0017305360849763027) < 1e-9)
        #expect(abs(McNemar(onlyFirst: 4900, onlySecond: 5100).probability - 0.04658552770494645) < 1e-9)
    }

    @Test func onlyDisagreementsCount() {
        let first = [true, true, false, false, true], second = [true, false, true, false, false]
        #expect(McNemar(first: first, second: second) == McNemar(onlyFirst: 2, onlySecond: 1))
    }
}
