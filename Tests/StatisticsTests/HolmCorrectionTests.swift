import Statistics
import Testing

@Suite struct HolmCorrectionTests {
    /// `p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")` of R 4, which is also the arithmetic of Holm (1979) by hand.
    @Test func adjustedValuesAreThoseOfR() {
        let adjusted = HolmCorrection.adjusted([0.01, 0.04, 0.03, 0.005])
        for (found, expected) in zip(adjusted, [0.03, 0.06, 0.06, 0.02]) { #expect(abs(found - expected) < 1e-12) }
        #expect(HolmCorrection.adjusted([]).isEmpty && HolmCorrection.adjusted([0.7, 0.8]) == [1, 1])
    }
}
