import Foundation
import Testing
import Torch

@testable import Shearing

@Suite struct HardConcreteTests {
    /// Values of Sheared-LLaMA's formulas (arXiv 2310.06694), computed in float64 apart from this code: (log-alpha, noise, mask).
    @Test(arguments: [
        (1.0, 0.3, 0.568417), (0, 0.5, 0.5), (4.60517, 0.01, 0.504523), (4.60517, 0.002, 0), (-2, 0.9, 0.588109),
    ])
    func samplesEqualTheReferenceVectors(_ logAlpha: Double, _ noise: Double, _ mask: Double) throws {
        #expect(abs(HardConcrete.sample(logAlpha, noise: noise) - mask) < 1e-5)
    }

    /// As above: (log-alpha, q).
    @Test(arguments: [
        (1.0, 0.930771), (0, 0.831822), (-2, 0.400975), (4.60517, 0.99798), (-4.60517, 0.04713),
    ])
    func aliveProbabilitiesEqualTheReferenceVectors(_ logAlpha: Double, _ alive: Double) {
        #expect(abs(HardConcrete.alive(logAlpha) - alive) < 1e-5)
    }

    /// As above: a variable's value when it is kept at the end.
    @Test(arguments: [(HardConcrete.bound, 0.99603), (0, 0.5), (-HardConcrete.bound, 0.00397)])
    func keptValuesEqualTheReferenceTable(_ logAlpha: Double, _ value: Double) {
        #expect(abs(HardConcrete.kept(logAlpha) - value) < 1e-5)
    }

    /// As above, P(z = 0) and P(z = 1): shares among a fine grid of noise.
    @Test(arguments: [
        (HardConcrete.bound, 0.00202, 0.95287), (0, 0.16818, 0.16818), (-HardConcrete.bound, 0.95287, 0.00202),
    ])
    func endsHaveTheTablesProbabilityMass(_ logAlpha: Double, _ zero: Double, _ one: Double) {
        let count = 200_000
        let masks = (0..<count).map { HardConcrete.sample(logAlpha, noise: (Double($0) + 0.5) / Double(count)) }
        #expect(abs(Double(masks.count { $0 == 0 }) / Double(count) - zero) < 2e-5)
        #expect(abs(Double(masks.count { $0 == 1 }) / Double(count) - one) < 2e-5)
    }

    @Test func tensorsAgreeWithNumbersInFloat32() throws {
        let logAlphas: [Float] = [1, 0, 4.60517, 4.60517, -2]
        let noise: [Float] = [0.3, 0.5, 0.01, 0.002, 0.9]
        let logits = noise.map { Float(log(Double($0)) - log(1 - Double($0))) }
        let a = try Tensor(logAlphas, shape: [1, 5])
        let sampled = try HardConcrete.sample(a, noiseLogits: Tensor(logits, shape: [1, 5])).floats()
        for (index, mask) in sampled.enumerated() {
            let expected = HardConcrete.sample(Double(logAlphas[index]), noise: Double(noise[index]))
            #expect(abs(Double(mask) - expected) < 1e-6)
        }
        let expected = logAlphas.map { HardConcrete.removal(Double($0)) }.reduce(0, +) / 5
        #expect(try abs(Double(HardConcrete.expectedSparsity(a).floats()[0]) - expected) < 1e-6)
    }

    @Test func expectedSparsityHasTheGradientOfItsFiniteDifferences() throws {
        let values: [Float] = [-3, -1, 0, 0.5, 2, 4]
        let a = try Tensor(values, shape: [2, 3])
        try a.setRequiresGradient(true)
        try HardConcrete.expectedSparsity(a).sum().backward()
        let gradient = try #require(a.gradient).floats()
        let step = 1e-4
        for (index, value) in values.enumerated() {
            let slope =
                (HardConcrete.removal(Double(value) + step) - HardConcrete.removal(Double(value) - step)) / (2 * step)
                / 3
            #expect(abs(Double(gradient[index]) - slope) < 1e-6)
        }
    }
}
