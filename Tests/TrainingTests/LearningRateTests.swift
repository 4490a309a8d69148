import Testing

@testable import Training

@Suite struct LearningRateTests {
    @Test func warmUpIsLinearAndEndsAtThePeak() {
        let rate = LearningRate(warmupSteps: 4)
        #expect((0..<4).map { rate.fraction(at: $0, of: 20) } == [0.25, 0.5, 0.75, 1])
    }

    @Test func cosineFallsFromThePeakToTheFinalFraction() {
        let rate = LearningRate(warmupSteps: 10, finalFraction: 0.1)
        let values = (10...100).map { rate.fraction(at: $0, of: 100) }
        #expect(values.first == 1)
        #expect(abs((values.last ?? 0) - 0.1) < 1e-12)
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 > $1 })
        #expect(abs(rate.fraction(at: 55, of: 100) - 0.55) < 1e-12)
        #expect(rate.fraction(at: 500, of: 100) == 0.1)
    }

    /// The sum over the published run's 3,200 steps limits how far a multiplier can go.
    @Test func thePublishedScheduleAddsUpTo1744() {
        let rate = LearningRate(warmupSteps: 320)
        #expect(abs((0..<3200).reduce(0) { $0 + rate.fraction(at: $1, of: 3200) } - 1744) < 2)
    }

    @Test func constantStaysAtThePeak() {
        let rate = LearningRate(warmupSteps: 2, decay: .constant)
        #expect((0..<6).map { rate.fraction(at: $0, of: 6) } == [0.5, 1, 1, 1, 1, 1])
    }
}
