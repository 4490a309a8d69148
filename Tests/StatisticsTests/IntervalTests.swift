import Statistics
import Testing

@Suite struct IntervalTests {
    /// Newcombe (1998), "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17, table I,
    /// method 3 (score without continuity correction).
    @Test(arguments: [
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718),
    ])
    func wilsonIsThatOfNewcombe(right: Int, of trials: Int, low: Double, high: Double) throws {
        let interval = try #require(Interval.wilson(successes: right, of: trials))
        #expect(abs(interval.low - low) < 5e-5 && abs(interval.high - high) < 5e-5)
    }

    @Test func wilsonStaysInsideAndMirrors() throws {
        for trials in 1...40 {
            for right in 0...trials {
                let interval = try #require(Interval.wilson(successes: right, of: trials))
                let mirrored = try #require(Interval.wilson(successes: trials - right, of: trials))
                #expect(interval.low >= 0 && interval.high <= 1)
                #expect(interval.contains(Double(right) / Double(trials)))
                #expect(abs(interval.low - (1 - mirrored.high)) < 1e-12)
            }
        }
        #expect(Interval.wilson(successes: 0, of: 0) == nil)
    }
}
