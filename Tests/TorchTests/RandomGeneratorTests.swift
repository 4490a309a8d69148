import Fixtures
import Testing
import Torch

@Suite struct RandomGeneratorTests {
    @Test func aSeedGivesTheSameNumbers() throws {
        let one = try Tensor.normal([1000], generator: RandomGenerator(seed: 17))
        let two = try Tensor.normal([1000], generator: RandomGenerator(seed: 17))
        let other = try Tensor.normal([1000], generator: RandomGenerator(seed: 18))
        #expect(try one.isIdentical(to: two))
        #expect(try !one.isIdentical(to: other))
    }

    /// PyTorch 2.11: `torch.manual_seed(17); torch.rand(4)`.
    @Test func numbersAreThoseOfPyTorch() throws {
        let found = try Tensor.uniform([4], generator: RandomGenerator(seed: 17)).doubles()
        expectClose(
            found, [0.43424123525619507, 0.5351095795631409, 0.8302087187767029, 0.1238635778427124],
            Tolerance(absolute: 1e-7, relative: 0))
    }

    @Test func aRestoredStateContinuesTheStream() throws {
        let generator = try RandomGenerator(seed: 1)
        _ = try Tensor.normal([33], generator: generator)
        let state = try generator.state()
        let expected = try Tensor.normal([100], generator: generator)
        let later = try RandomGenerator(seed: 99)
        try later.restore(state)
        #expect(try Tensor.normal([100], generator: later).isIdentical(to: expected))
    }

    @Test func drawsHaveTheirMoments() throws {
        let generator = try RandomGenerator(seed: 2)
        let normal = try Tensor.normal([100_000], mean: 3, deviation: 2, generator: generator)
        #expect(abs(try normal.mean().item() - 3) < 0.05)
        #expect(abs(try (normal - 3).squared().mean().item() - 4) < 0.1)
        let uniform = try Tensor.uniform([100_000], low: -1, high: 3, generator: generator)
        #expect(abs(try uniform.mean().item() - 1) < 0.03)
        #expect(try uniform.minimum().item() >= -1)
        #expect(try uniform.maximum().item() < 3)
        let draws = try Tensor([0, 1, 3] as [Float]).multinomial(10_000, generator: generator)
        #expect(try draws.equal(to: 0).sum().item() == 0)
        #expect(abs(try draws.equal(to: 2).to(.float32).mean().item() - 0.75) < 0.03)
    }
}
