import Fixtures
import Testing
import Torch

@Suite struct TensorTests {
    @Test func knowsItsShapeDtypeAndDevice() throws {
        let tensor = try Tensor.zeros([2, 3], .bfloat16)
        #expect(tensor.shape == [2, 3])
        #expect(tensor.rank == 2)
        #expect(tensor.elementCount == 6)
        #expect(tensor.dtype == .bfloat16)
        #expect(tensor.device == .cpu)
        #expect(tensor.bytes == 12)
        #expect(tensor.isContiguous)
        #expect(try tensor.transposed(0, 1).isContiguous == false)
        #expect(try tensor.size(-1) == 3)
        #expect(tensor.description == "[2, 3] bfloat16")
        #expect(try Tensor.scalar(2).shape == [])
    }

    @Test func holdsTheValuesItWasMadeFrom() throws {
        #expect(try Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]).floats() == [1, 2, 3, 4])
        #expect(try Tensor([1, -2] as [Int64]).int64s() == [1, -2])
        #expect(try Tensor([1, -2] as [Int32]).int32s() == [1, -2])
        #expect(try Tensor([7, 255] as [UInt8]).int64s() == [7, 255])
        #expect(try Tensor([0.1, 0.2] as [Double]).doubles() == [0.1, 0.2])
        #expect(try Tensor([] as [Float]).floats() == [])
        #expect(try Tensor.arange(3, 7).int64s() == [3, 4, 5, 6])
        #expect(try Tensor.full([2], 1.5).floats() == [1.5, 1.5])
        #expect(try Tensor.ones([2], .int32).int64s() == [1, 1])
        #expect(try Tensor.scalar(-0.25, .float64).item() == -0.25)
    }

    @Test(arguments: DType.allCases) func everyDtypeSurvivesItsBytes(_ dtype: DType) throws {
        let values = try Tensor([0, 1, 1, 0, 1] as [Float]).to(dtype)
        #expect(values.dtype == dtype)
        let copy = try values.withBytes { bytes in
            #expect(bytes.count == 5 * dtype.bytes)
            return Result { () throws(TorchError) in try Tensor.fromBytes(bytes, shape: [5], dtype) }
        }.get()
        #expect(try copy.isIdentical(to: values))
        #expect(try copy.floats() == [0, 1, 1, 0, 1])
    }

    @Test func viewsShareMemoryAndCopiesDoNot() throws {
        let base = try Tensor.zeros([4])
        let view = try base.sliced(0, from: 1, to: 3)
        let copy = try base.copied()
        try view.fill(5)
        #expect(try base.floats() == [0, 5, 5, 0])
        #expect(try copy.floats() == [0, 0, 0, 0])
        #expect(view.sharesMemory(with: base))
        #expect(!copy.sharesMemory(with: base))
        #expect(try base.to(.float32).sharesMemory(with: base))
    }

    @Test func tensorsAreCountedAndFreed() throws {
        try expectNoNewTensors {
            let before = threadTensorBalance
            let a = try Tensor.zeros([2])
            let b = try a + a
            #expect(threadTensorBalance == before + 2)
            #expect(liveTensorCount >= 2)
            _ = b
        }
    }

    @Test func arithmeticFollowsItsDefinition() throws {
        let a = try Tensor([1, 2, 4] as [Float])
        let b = try Tensor([0.5, 2, -1] as [Float])
        #expect(try (a + b).floats() == [1.5, 4, 3])
        #expect(try (a - b).floats() == [0.5, 0, 5])
        #expect(try (a * b).floats() == [0.5, 4, -4])
        #expect(try (a / b).floats() == [2, 1, -4])
        #expect(try (8 / a).floats() == [8, 4, 2])
        #expect(try (1 - a).floats() == [0, -1, -3])
        #expect(try (-b).floats() == [-0.5, -2, 1])
        #expect(try b.abs().floats() == [0.5, 2, 1])
        #expect(try b.clamped(min: 0, max: 1).floats() == [0.5, 1, 0])
        #expect(try a.pow(2).floats() == [1, 4, 16])
        #expect(try a.reciprocal().floats() == [1, 0.5, 0.25])
        #expect(try a.larger(b).floats() == [1, 2, 4])
        #expect(try a.greater(than: 1).to(.float32).floats() == [0, 1, 1])
        #expect(try a.equal(to: b).int64s() == [0, 1, 0])
        #expect(try Tensor.selecting(b.greater(than: 0), a, b).floats() == [1, 2, -1])
        #expect(try (Tensor([1, 2] as [Int64]) * 2).int64s() == [2, 4])
    }

    @Test func numbersNeverWidenAHalfTensor() throws {
        let half = try Tensor.ones([2], .bfloat16)
        #expect(try (half * 0.1).dtype == .bfloat16)
        #expect(try (0.1 - half).dtype == .bfloat16)
        #expect(try half.greater(than: 0.5).dtype == .bool)
        #expect(try (Tensor.ones([2], .float32) * 0.1).dtype == .float32)
    }

    @Test func inPlaceVerbsChangeTheirTensor() throws {
        let a = try Tensor([1, 2] as [Float])
        try a.add(Tensor([1, 1] as [Float]), scale: 0.5)
        #expect(try a.floats() == [1.5, 2.5])
        try a.add(1)
        try a.multiply(by: 2)
        #expect(try a.floats() == [5, 7])
        try a.multiply(by: Tensor([0, 1] as [Float]))
        try a.clamp(min: 1, max: 6)
        #expect(try a.floats() == [1, 6])
        try a.copy(from: Tensor([3, 4] as [Int64]))
        #expect(try a.floats() == [3, 4])
        try a.zero()
        #expect(try a.floats() == [0, 0])
    }

    @Test func reductionsFollowTheirDefinition() throws {
        let a = try Tensor([1, 5, 3, 4, 2, 6] as [Float], shape: [2, 3])
        #expect(try a.sum().item() == 21)
        #expect(try a.sum(over: 0).floats() == [5, 7, 9])
        #expect(try a.sum(over: [1], keepingAxes: true).shape == [2, 1])
        #expect(try a.mean().item() == 3.5)
        #expect(try a.maximum(over: 1).floats() == [5, 6])
        #expect(try a.minimum().item() == 1)
        #expect(try a.argmax(over: 1).int64s() == [1, 2])
        #expect(try Tensor([3, 4] as [Float]).norm().item() == 5)
        #expect(try a.cumulativeSum(over: 1).floats() == [1, 6, 9, 4, 6, 12])
        let sorted = try a.sorted(over: 1, descending: true)
        #expect(try sorted.values.floats() == [5, 3, 1, 6, 4, 2])
        #expect(try sorted.indices.int64s() == [1, 2, 0, 2, 0, 1])
        #expect(try a.topK(2).values.floats() == [5, 3, 6, 4])
        #expect(try a.isFinite())
        #expect(try !Tensor([1, .nan] as [Float]).isFinite())
        #expect(try Tensor([1, 0] as [Float]).any().item() == 1)
        #expect(try Tensor([1, 0] as [Float]).all().item() == 0)
        #expect(try abs(Tensor([0, 0] as [Float]).logSumExp(over: [0]).item() - 0.693147) < 1e-6)
        #expect(try Tensor([1, 1, 0] as [UInt8]).sum().dtype == .int64)
    }

    @Test func sortingEqualsKeepsTheirOrder() throws {
        let equals = try Tensor.zeros([100])
        #expect(try equals.sorted(over: 0, descending: true).indices.int64s() == (0..<100).map(Int64.init))
    }

    @Test func shapesFollowTheirDefinition() throws {
        let a = try Tensor.arange(0, 6, .float32).reshaped([2, -1])
        #expect(a.shape == [2, 3])
        #expect(try a.transposed(0, 1).contiguous().floats() == [0, 3, 1, 4, 2, 5])
        #expect(try a.permuted([1, 0]).shape == [3, 2])
        #expect(try a.sliced(1, from: 1, to: 3).floats() == [1, 2, 4, 5])
        #expect(try a.narrowed(1, from: 2, count: 1).floats() == [2, 5])
        #expect(try a.selected(0, 1).floats() == [3, 4, 5])
        #expect(try a.indexSelected(1, Tensor([2, 0] as [Int64])).floats() == [2, 0, 5, 3])
        #expect(try a.gathered(1, Tensor([2, 0] as [Int64], shape: [2, 1])).floats() == [2, 3])
        #expect(try a.unsqueezed(0).shape == [1, 2, 3])
        #expect(try a.unsqueezed(0).squeezed(0).shape == [2, 3])
        #expect(try Tensor.ones([1, 3]).expanded(to: [4, -1]).shape == [4, 3])
        #expect(try Tensor([1, 2] as [Float]).repeatInterleaved(2, 0).floats() == [1, 1, 2, 2])
        #expect(try Tensor.concatenated([a, a], axis: 0).shape == [4, 3])
        #expect(try Tensor.stacked([a, a], axis: 1).shape == [2, 2, 3])
        #expect(try a.split([1, 2], axis: 1).map(\.shape) == [[2, 1], [2, 2]])
        #expect(try Tensor.ones([2, 2]).lowerTriangle().floats() == [1, 0, 1, 1])
    }
}
