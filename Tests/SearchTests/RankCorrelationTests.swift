import Testing

@testable import Search

@Suite struct RankCorrelationTests {
    @Test func ordersAgreeFromOneToMinusOne() {
        #expect(RankCorrelation.kendall([1, 2, 3, 4], [10, 20, 30, 40]) == 1)
        #expect(RankCorrelation.kendall([1, 2, 3, 4], [4, 3, 2, 1]) == -1)
        #expect(abs(RankCorrelation.kendall([1, 2, 3, 4], [1, 3, 2, 4]) - 4.0 / 6) < 1e-12)
        #expect(RankCorrelation.kendall([1, 1, 1], [1, 2, 3]) == 0)
        #expect(RankCorrelation.kendall([], []) == 0)
    }

    /// scipy.stats.kendalltau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]), as in its documentation.
    @Test func tiesCountAsInTauB() {
        #expect(abs(RankCorrelation.kendall([12, 2, 1, 12, 2], [1, 4, 7, 1, 0]) - -0.47140452079103173) < 1e-12)
    }
}
