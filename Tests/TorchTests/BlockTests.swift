import Testing

@testable import Torch

/// Blocks of a matrix by the numbers of their rows and columns.
@Suite struct BlockTests {
    private static let kept: [(rows: [Int64]?, columns: [Int64]?)] = [
        (nil, nil), ([0, 2, 3], nil), (nil, [1, 4, 5]), ([4, 1], [6, 0, 3]), ([2, 3, 4], [2, 3, 4, 5]), ([], [1]),
    ]

    private static func numbers(_ values: [Int64]?) throws -> Tensor? {
        try values.map { try Tensor($0, shape: [$0.count]) }
    }

    @Test(arguments: [DType.float32, .bfloat16, .float16], kept.indices)
    func aBlockHoldsItsRowsAndColumnsAndGoesBackWhereItWas(_ dtype: DType, _ index: Int) throws {
        let (rows, columns) = Self.kept[index]
        let values = (0..<35).map(Float.init)
        let matrix = try Tensor(values, shape: [5, 7]).to(dtype)
        let block = try matrix.block(rows: Self.numbers(rows), columns: Self.numbers(columns))
        let places = (rows ?? Array(0..<5)).flatMap { row in (columns ?? Array(0..<7)).map { Int(row * 7 + $0) } }
        #expect(block.shape == [rows?.count ?? 5, columns?.count ?? 7] && block.dtype == dtype)
        #expect(try block.floats() == places.map { values[$0] })

        try matrix.add(block: block, rows: Self.numbers(rows), columns: Self.numbers(columns))
        var expected = values
        for place in places { expected[place] *= 2 }
        #expect(try matrix.floats() == expected)
    }

    @Test func aBlockSharesNoMemoryWithTheMatrix() throws {
        let matrix = try Tensor.ones([2, 2])
        try matrix.block(rows: nil, columns: nil).fill(5)
        #expect(try matrix.floats() == [1, 1, 1, 1])
    }

    @Test func numbersOutsideAndBlocksThatDoNotFitAreRefused() throws {
        let matrix = try Tensor.ones([2, 3])
        let three = try Tensor([Int64(3)], shape: [1])
        func code(_ body: () throws(TorchError) -> Void) -> TorchError.Code? {
            do throws(TorchError) { try body() } catch { return error.code }
            return nil
        }
        #expect(code { () throws(TorchError) in _ = try matrix.block(rows: nil, columns: three) } == .index)
        #expect(code { () throws(TorchError) in _ = try matrix.block(rows: three, columns: nil) } == .index)
        #expect(
            code { () throws(TorchError) in
                try matrix.add(block: Tensor.ones([2, 2]), rows: nil, columns: nil)
            } == .invalidArgument)
        #expect(
            code { () throws(TorchError) in _ = try Tensor.ones([4]).block(rows: nil, columns: nil) }
                == .invalidArgument)
        #expect(try matrix.floats() == [1, 1, 1, 1, 1, 1])
    }
}
