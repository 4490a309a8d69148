import Fixtures
import Testing
import Torch

@testable import Training

@Suite struct GradientExchangeTests {
    /// Shapes that end in the middle of a bucket, fill several, or hold nothing.
    private static let shapes = [[3], [2, 5], [0], [17], [1], [4, 4], [2]]

    private static func tensors(of rank: Int) throws -> [Tensor] {
        try shapes.enumerated().map { number, shape in
            let count = shape.reduce(1, *)
            let values = (0..<count).map { Float((rank + 1) * (100 * number + $0)) }
            let tensor = try Tensor(values, shape: shape)
            // One whose memory is not in order.
            return try number == 5 ? tensor.transposed(0, 1) : tensor
        }
    }

    @Test(arguments: [1, 4, 7, 100]) func bucketsOfAnySizeGiveTheSums(elements: Int) throws {
        let found = try inAllRanks(3) { group in
            let own = try Self.tensors(of: group.rank)
            try GradientExchange(group, bucketBytes: 4 * elements).sum(own)
            return try own.map { try $0.contiguous().floats() }
        }
        let expected = try Self.tensors(of: 5).map { try $0.contiguous().floats() }
        #expect(found == Array(repeating: expected, count: 3))
    }

    @Test(arguments: [1, 2, 5, 100]) func piecesOfAllRanksComeTogether(elements: Int) throws {
        let found = try inAllRanks(4) { group in
            let parameters = try Self.tensors(of: 0).enumerated().map { try Parameter(name: "\($0)", $1) }
            let shards = StateShards(group, .optimizer, of: [ParameterGroup(name: "all", parameters: parameters)])
            let whole = try FlatMemory(parameters.map { try Tensor.zeros($0.shape) })
            let own = try FlatMemory(
                parameters.enumerated().map { number, parameter in
                    let range = shards.owned(number)
                    return try parameter.master.detached().reshaped([-1])
                        .narrowed(0, from: range.lowerBound, count: range.count)
                })
            guard own.count == shards.range(of: group.rank).count else { return [Float]() }
            try shards.gather(
                own, offset: shards.range(of: group.rank).lowerBound, into: whole, isSame: false, on: .cpu,
                bucketElements: elements)
            return try Tensor.concatenated(whole.pieces(0..<whole.count)).floats()
        }
        let expected = try Self.tensors(of: 0).flatMap { try $0.contiguous().floats() }
        #expect(found == Array(repeating: expected, count: 4))
    }
}
