import Fixtures
import Testing
import Torch

@Suite struct GradientTests {
    @Test func backwardAddsToLeaves() throws {
        let x = try Tensor([1, 2, 3] as [Float])
        try x.setRequiresGradient(true)
        try x.squared().sum().backward()
        #expect(try x.gradient?.floats() == [2, 4, 6])
        try x.squared().sum().backward()
        #expect(try x.gradient?.floats() == [4, 8, 12])
        x.clearGradient()
        #expect(x.gradient == nil)
        try x.setGradient(Tensor([1, 1, 1] as [Float]))
        #expect(try x.gradient?.floats() == [1, 1, 1])
    }

    @Test func aGivenGradientWeighsTheOutput() throws {
        let x = try Tensor([1, 2] as [Float])
        try x.setRequiresGradient(true)
        try (x * 3).backward(gradient: Tensor([1, 10] as [Float]))
        #expect(try x.gradient?.floats() == [3, 30])
    }

    @Test func severalOutputsGoBackTogether() throws {
        let x = try Tensor([1, 2] as [Float])
        try x.setRequiresGradient(true)
        try Tensor.backward([x.sum(), x * 2], gradients: [nil, Tensor([1, 1] as [Float])])
        #expect(try x.gradient?.floats() == [3, 3])
    }

    @Test func gradientsLeaveLeavesAlone() throws {
        let x = try Tensor([2] as [Float])
        let unused = try Tensor([2] as [Float])
        try x.setRequiresGradient(true)
        try unused.setRequiresGradient(true)
        let found = try Tensor.gradients(of: x.pow(3).sum(), for: [x, unused], allowUnused: true)
        #expect(try found[0]?.floats() == [12])
        #expect(found[1] == nil)
        #expect(x.gradient == nil)
    }

    @Test func theScopeRecordsNothingAndPutsTheModeBack() throws {
        let x = try Tensor([1] as [Float])
        try x.setRequiresGradient(true)
        let inside = try withoutGradients { () throws(TorchError) in try x * 2 }
        #expect(!inside.requiresGradient)
        #expect(try (x * 2).requiresGradient)
        #expect(throws: TorchError.self) {
            try withoutGradients { () throws(TorchError) in _ = try x.reshaped([7]) }
        }
        #expect(try (x * 2).requiresGradient)
        let recorded = try withoutGradients { () throws(TorchError) in
            try withGradients { () throws(TorchError) in try x * 2 }
        }
        #expect(recorded.requiresGradient)
    }

    /// A block run on a detached input, then again with gradients at its turn: what activation checkpointing does.
    @Test func aRecomputedBlockGivesTheSameGradients() throws {
        var random = RepeatableRandom(3)
        let x = try random.tensor([4, 8])
        let weight = try random.tensor([8, 8])
        try x.setRequiresGradient(true)
        try weight.setRequiresGradient(true)
        func block(_ input: Tensor) throws(TorchError) -> Tensor { try input.linear(weight).silu() }
        try block(block(x)).sum().backward()
        let expected = (try #require(x.gradient), try #require(weight.gradient))
        x.clearGradient()
        weight.clearGradient()

        let middle = try withoutGradients { () throws(TorchError) in try block(x) }
        try middle.setRequiresGradient(true)
        try block(middle).sum().backward()
        try block(x).backward(gradient: middle.gradient)
        try expectClose(#require(x.gradient), expected.0)
        try expectClose(#require(weight.gradient), expected.1)
    }

    @Test func aGraphLetsGoOfItsTensors() throws {
        try expectNoNewTensors {
            let x = try Tensor.ones([8])
            try x.setRequiresGradient(true)
            try (x.exp() * x).sum().backward()
            _ = x.gradient
        }
    }
}
