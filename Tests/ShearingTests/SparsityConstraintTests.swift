import Testing
import Torch

@testable import Shearing

@Suite struct SparsityConstraintTests {
    @Test func thePenaltyIsTheMeanOverRows() throws {
        let expected = try Tensor([0.1, 0.3] as [Float], shape: [2])
        let penalty = try SparsityConstraint.penalty(
            expected_R: expected, target: 0.25, linear: Tensor.scalar(-2), quadratic: Tensor.scalar(10))
        let reference = (-2 * -0.15 + 10 * 0.0225 + -2 * 0.05 + 10 * 0.0025) / 2
        #expect(try abs(penalty.item() - reference) < 1e-6)
    }

    /// Sheared-LLaMA's constraint: while sparsity lags, ascent drives the linear multiplier below 0 and descent on the log-alphas
    /// then raises the sparsity; the quadratic multiplier only grows.
    @Test func laggingSparsityIsPushedUp() throws {
        let logAlpha = try Tensor([4, 3, 2, 1] as [Float], shape: [1, 4])
        let linear = try Tensor.scalar(0)
        let quadratic = try Tensor.scalar(0)
        for tensor in [logAlpha, linear, quadratic] { try tensor.setRequiresGradient(true) }
        let expected = try HardConcrete.expectedSparsity(logAlpha)
        try SparsityConstraint.penalty(expected_R: expected, target: 0.5, linear: linear, quadratic: quadratic)
            .backward()
        #expect(try #require(linear.gradient).item() < 0)
        #expect(try #require(quadratic.gradient).item() > 0)

        let pushed = try Tensor.scalar(-1)
        logAlpha.clearGradient()
        let again = try HardConcrete.expectedSparsity(logAlpha)
        try SparsityConstraint.penalty(expected_R: again, target: 0.5, linear: pushed, quadratic: Tensor.scalar(0))
            .backward()
        #expect(try #require(logAlpha.gradient).floats().allSatisfy { $0 > 0 })
    }

    @Test func theGradientEqualsFiniteDifferences() throws {
        let values: [Float] = [-2, 0.5, 3, 1, -1, 2]
        let (linear, quadratic, target) = (-3.0, 40.0, 0.3)
        func penalty(_ values: [Double]) -> Double {
            [values[0..<3], values[3..<6]].map { row in
                let gap = row.map(HardConcrete.removal).reduce(0, +) / 3 - target
                return linear * gap + quadratic * gap * gap
            }.reduce(0, +) / 2
        }
        let logAlpha = try Tensor(values, shape: [2, 3])
        try logAlpha.setRequiresGradient(true)
        try SparsityConstraint.penalty(
            expected_R: HardConcrete.expectedSparsity(logAlpha), target: target, linear: Tensor.scalar(linear),
            quadratic: Tensor.scalar(quadratic)
        ).backward()
        let gradient = try #require(logAlpha.gradient).floats()
        let step = 1e-5
        for index in values.indices {
            var (above, below) = (values.map(Double.init), values.map(Double.init))
            above[index] += step
            below[index] -= step
            let slope = (penalty(above) - penalty(below)) / (2 * step)
            #expect(abs(Double(gradient[index]) - slope) < 1e-4 * max(1, abs(slope)))
        }
    }

    @Test func multipliersStayWithinTheirBounds() throws {
        let multipliers = try Multipliers(families: 3, bound: 5, on: .cpu)
        try withoutGradients {
            try multipliers.linear.master.copy(from: Tensor([-9, 2, 9] as [Float], shape: [3]))
            try multipliers.quadratic.master.copy(from: Tensor([-1, 2, 9] as [Float], shape: [3]))
        }
        try multipliers.clampToBounds()
        #expect(try multipliers.linear.master.floats() == [-5, 2, 5])
        #expect(try multipliers.quadratic.master.floats() == [0, 2, 5])
    }

    @Test func theScheduleIsLinearAndThenConstant() {
        let schedule = TargetSchedule(rampSteps: 640)
        #expect(schedule.sparsity(at: 0, full: 0.5) == 0)
        #expect(schedule.sparsity(at: 320, full: 0.5) == 0.25)
        #expect(schedule.sparsity(at: 640, full: 0.5) == 0.5)
        #expect(schedule.sparsity(at: 3200, full: 0.5) == 0.5)
        #expect(TargetSchedule(rampSteps: 0).sparsity(at: 0, full: 0.5) == 0.5)
    }
}
