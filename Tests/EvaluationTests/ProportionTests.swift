import Evaluation
import Testing

@Suite struct ProportionTests {
    @Test func theIntervalIsWilsons() throws {
        // Newcombe 1998 (Statistics in Medicine 17), table I, method 3, and its limits at the ends.
        for (successes, count, low, high) in [
            (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718),
        ] {
            let interval = try #require(Proportion(successes: successes, of: count).interval)
            #expect(abs(interval.lowerBound - low) < 5e-5 && abs(interval.upperBound - high) < 5e-5)
        }
        #expect(try #require(Proportion(successes: 20, of: 20).interval).upperBound == 1)
    }

    @Test func theStandardErrorIsThatOfASampleMean() {
        // Ones and zeros 1 1 0 0 1: mean 0.6, sample variance 0.3, over 5.
        let share = Proportion([true, true, false, false, true])
        #expect(share.value == 0.6)
        #expect(abs((share.standardError ?? 0) - (0.3 / 5).squareRoot()) < 1e-15)
        #expect(Proportion([true]).standardError == nil)
        let none = Proportion([])
        #expect(none.value == nil && none.interval == nil)
    }
}
