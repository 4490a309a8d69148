import Fixtures
import Testing
import Torch

@Suite struct AdamWTests {
    /// The published update (arXiv 1711.05101, algorithm 2, decay times the rate as PyTorch has it), in Double.
    struct Reference {
        var weight: [Double]
        var first: [Double]
        var second: [Double]
        init(_ weight: [Double]) {
            self.weight = weight
            first = weight.map { _ in 0 }
            second = first
        }
        mutating func step(_ gradient: [Double], rate: Double, step: Int, _ s: AdamWSettings) {
            for i in weight.indices {
                first[i] = s.beta1 * first[i] + (1 - s.beta1) * gradient[i]
                second[i] = s.beta2 * second[i] + (1 - s.beta2) * gradient[i] * gradient[i]
                let mean = first[i] / (1 - power(s.beta1, step))
                let square = second[i] / (1 - power(s.beta2, step))
                weight[i] -= rate * s.weightDecay * weight[i]
                weight[i] -= rate * mean / (square.squareRoot() + s.epsilon)
            }
        }
        func power(_ base: Double, _ exponent: Int) -> Double {
            (0..<exponent).reduce(1) { product, _ in product * base }
        }
    }

    @Test(arguments: [DType.float32, .bfloat16, .float16], [false, true])
    func manyStepsFollowTheReference(_ dtype: DType, _ maximize: Bool) throws {
        var random = RepeatableRandom(5)
        let settings = AdamWSettings(beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1)
        let shapes = [[3], [40, 17], [1], [70_000]]
        let masters = try shapes.map { try random.tensor($0) }
        let first = try shapes.map { try Tensor.zeros($0) }
        let second = try shapes.map { try Tensor.zeros($0) }
        let values: [Tensor?] = try shapes.enumerated().map { index, shape in
            index == 2 ? nil : try Tensor.zeros(shape, dtype == .float32 ? .bfloat16 : dtype)
        }
        var references = try masters.map { Reference(try $0.doubles()) }
        for step in 1...10 {
            let gradients = try shapes.map { try random.tensor($0, dtype) }
            try adamWStep(
                parameters: masters, gradients: gradients, firstMoments: first, secondMoments: second, values: values,
                rate: 1e-2, step: step, settings: settings, gradientScale: 0.25, maximize: maximize)
            for index in references.indices {
                let scaled = try gradients[index].doubles().map { $0 * (maximize ? -0.25 : 0.25) }
                references[index].step(scaled, rate: 1e-2, step: step, settings)
            }
        }
        for (master, value) in zip(masters, values) {
            if let value { #expect(try value.isIdentical(to: master.to(value.dtype))) }
        }
        for index in references.indices {
            expectClose(
                try masters[index].doubles(), references[index].weight, Tolerance(absolute: 2e-6, relative: 1e-5))
            expectClose(try first[index].doubles(), references[index].first, Tolerance(absolute: 1e-7, relative: 1e-5))
            expectClose(
                try second[index].doubles(), references[index].second, Tolerance(absolute: 1e-8, relative: 1e-5))
        }
    }

    @Test func aRefusedStepChangesNothing() throws {
        let master = try Tensor([1, 2] as [Float])
        let moment = try Tensor.zeros([2])
        #expect(throws: TorchError.self) {
            try adamWStep(
                parameters: [master, master], gradients: [moment, Tensor.ones([3])], firstMoments: [moment, moment],
                secondMoments: [moment, moment], rate: 1, step: 1)
        }
        #expect(try master.floats() == [1, 2])
    }

    @Test func theGlobalNormIsThatOfTheWholeList() throws {
        var random = RepeatableRandom(9)
        let parts = [try random.tensor([1000]), try random.tensor([7, 3], .bfloat16), try random.tensor([300_000])]
        var squares = 0.0
        for part in parts { squares += try part.doubles().reduce(0) { $0 + $1 * $1 } }
        #expect(abs(try globalNorm(parts) - squares.squareRoot()) < 1e-5 * squares.squareRoot())
        #expect(try globalNorm([]) == 0)
        #expect(try globalNorm([Tensor([.nan] as [Float])]).isNaN)
    }

    @Test func halfGradientsAddUpInFloat32() throws {
        let sum = try Tensor.zeros([2])
        for _ in 0..<1000 { try accumulate([Tensor([1, 0.5] as [Float]).to(.bfloat16)], into: [sum], scale: 0.5) }
        #expect(try sum.floats() == [500, 250])
        try zero([sum])
        #expect(try sum.floats() == [0, 0])
    }

    @Test func aParameterRefreshesItsHalfCopy() throws {
        let parameter = try Parameter(name: "w", Tensor([1, 2] as [Float]), computeDType: .bfloat16)
        #expect(parameter.value.dtype == .bfloat16)
        #expect(parameter.value.requiresGradient)
        #expect(!parameter.master.requiresGradient)
        try parameter.master.add(1)
        try parameter.refresh()
        #expect(try parameter.value.floats() == [2, 3])
        let single = try Parameter(name: "w", Tensor([1] as [Float]))
        #expect(single.value === single.master)
    }
}
