import Fixtures
import Testing
import Torch

@Suite struct QuantisedTests {
    /// The definition of products with bytes, in library operations; sums of integers in float64 are exact.
    private func reference(_ x: Tensor, _ weight: Tensor, _ scales: Tensor, _ bias: Tensor?) throws -> Tensor {
        let values = try x.to(.float32)
        let most = try values.abs().maximum(over: -1, keepingAxes: true)
        let inverse = try Tensor.selecting(most.equal(to: 0), Tensor.zeros(most.shape), 127 / most)
        let q = try (values * inverse).rounded()
        let sums = try q.to(.float64).matmul(weight.to(.float64).transposed(0, 1)).to(.float32)
        let y = try sums * (most / 127 * scales)
        guard let bias else { return y }
        return try y + bias.to(.float32)
    }

    private func bytes(_ shape: [Int], _ random: inout RepeatableRandom) throws -> Tensor {
        try (random.tensor(shape) * 127).rounded().to(.int8)
    }

    @Test(
        arguments: [
            [1, 64, 16], [1, 576, 192], [3, 100, 37], [7, 1536, 65], [40, 33, 130], [200, 130, 96], [2, 1, 1],
        ],
        [DType.float32, .bfloat16])
    func productsWithBytesAreTheirDefinition(_ sizes: [Int], _ dtype: DType) throws {
        var random = RepeatableRandom(UInt64(sizes[1]))
        let (rows, inputs, outputs) = (sizes[0], sizes[1], sizes[2])
        let x = try (random.tensor([rows, inputs]) * 3).to(dtype)
        let weight = try bytes([outputs, inputs], &random)
        let scales = try (random.tensor([outputs]).abs() + 0.01)
        let bias = try random.tensor([outputs], dtype)
        let packed = try weight.int8Packed()
        for bias in [nil, bias] {
            let expected = try reference(x, weight, scales, bias)
            // The form for this processor, the plain form (loops for few rows, the library for many).
            for form in [packed, weight] {
                let found = try x.int8Linear(form, outputs: outputs, scales: scales, bias)
                #expect(found.dtype == dtype && found.shape == [rows, outputs])
                try expectClose(
                    found, expected.to(dtype), Tolerance(absolute: 1e-4, relative: dtype == .float32 ? 1e-6 : 4e-3))
            }
        }
        // Without a bias nothing but one rounding of the exact sum can differ: float32 results are the same bits.
        if dtype == .float32 {
            #expect(
                try x.int8Linear(packed, outputs: outputs, scales: scales).isIdentical(
                    to: x.int8Linear(weight, outputs: outputs, scales: scales)))
        }
        // Another dtype takes library operations.
        let wide = try x.to(.float64).int8Linear(weight, outputs: outputs, scales: scales, bias)
        try expectClose(
            wide, reference(x, weight, scales, bias).to(.float64), Tolerance(absolute: 1e-4, relative: 1e-6))
    }

    @Test func extremesOfBytesDoNotOverflow() throws {
        // 4096 inputs of the largest magnitude: 4096 * 127 * 127 is exact, whichever instruction adds it up.
        for (x, w) in [(1.0, 127.0), (-1, 127), (1, -127), (-1, -127)] {
            let input = try Tensor.full([2, 4096], x)
            let weight = try Tensor.full([20, 4096], w, .int8)
            for form in [weight, try weight.int8Packed()] {
                let found = try input.int8Linear(form, outputs: 20, scales: Tensor.ones([20])).floats()
                #expect(found.allSatisfy { abs($0 - Float(4096 * x * w)) < 0.5 })
            }
        }
    }

    @Test func rowsOfZerosStayZeroAndBatchesKeepTheirShape() throws {
        var random = RepeatableRandom(4)
        let weight = try bytes([10, 24], &random)
        let scales = try Tensor.ones([10])
        let x = try random.tensor([2, 3, 24])
        try x.selected(0, 1).selected(0, 2).fill(0)
        for form in [weight, try weight.int8Packed()] {
            let found = try x.int8Linear(form, outputs: 10, scales: scales)
            #expect(found.shape == [2, 3, 10])
            #expect(try found.selected(0, 1).selected(0, 2).floats().allSatisfy { $0 == 0 })
            // A row's scale is its own: the others do not change with it.
            let alone = try x.selected(0, 0).selected(0, 1).unsqueezed(0).int8Linear(form, outputs: 10, scales: scales)
            #expect(try alone.reshaped([10]).isIdentical(to: found.selected(0, 0).selected(0, 1)))
            #expect(try Tensor.zeros([0, 24]).int8Linear(form, outputs: 10, scales: scales).shape == [0, 10])
        }
        let broken = try Tensor.full([1, 24], .nan).int8Linear(weight.int8Packed(), outputs: 10, scales: scales)
            .floats()
        #expect(broken.allSatisfy { $0.isNaN })
    }

    @Test(
        arguments: [[1, 128, 128, 16], [1, 576, 64, 48], [5, 96, 32, 7], [16, 256, 128, 33], [50, 192, 64, 20]],
        [DType.float32, .bfloat16])
    func productsWithHalfBytesAreTheirDefinition(_ sizes: [Int], _ dtype: DType) throws {
        let (rows, inputs, group, outputs) = (sizes[0], sizes[1], sizes[2], sizes[3])
        var random = RepeatableRandom(UInt64(inputs))
        let x = try random.tensor([rows, inputs], dtype)
        let q = (0..<outputs * inputs).map { _ in UInt8.random(in: 0...15, using: &random) }
        var packed: [UInt8] = []
        for start in stride(from: 0, to: q.count, by: group) {
            for j in 0..<group / 2 { packed.append(q[start + j] | q[start + j + group / 2] << 4) }
        }
        let weight = try Tensor(packed, shape: [outputs, inputs / 2])
        let scales = try random.tensor([outputs, inputs / group])
        let offsets = try random.tensor([outputs, inputs / group])
        let bias = try random.tensor([outputs], dtype)
        let dense = try
            ((Tensor(q.map { Float($0) }, shape: [outputs, inputs / group, group]) - 8) * scales.unsqueezed(2)
            + offsets.unsqueezed(2)).reshaped([outputs, inputs])
        for bias in [nil, bias] {
            let found = try x.int4Linear(weight, group: group, scales: scales, offsets: offsets, bias)
            let expected = try x.to(.float32).linear(dense, bias?.to(.float32))
            #expect(found.dtype == dtype)
            let scale = try expected.abs().maximum().item()
            try expectClose(
                found, expected.to(dtype),
                Tolerance(absolute: scale * (dtype == .float32 ? 1e-6 : 8e-3), relative: 1e-2))
        }
    }

    @Test func aByteIsAByte() throws {
        let values = try Tensor([-127, -1, 0, 5, 127] as [Int]).to(.int8)
        #expect(values.dtype == .int8 && values.bytes == 5 && !DType.int8.isFloating)
        #expect(try values.int64s() == [-127, -1, 0, 5, 127])
    }
}
