public import Torch

/// Rows that are a common beginning followed by several continuations of it which do not see each other, so that one
/// pass over a row stands for passes over the beginning with each continuation alone.
public struct RowBranches {
    /// `[batch, time]` Int64: 0 is the beginning; a token attends to earlier tokens of 0 and of its own number.
    public let numbers_BT: Tensor
    /// `[batch, time]` Int64: the place of each token in its own text, `0..<positionCount`.
    public let positions_BT: Tensor
    /// One more than the largest position.
    public let positionCount: Int

    /// The branches of rows.
    /// - Parameters:
    ///   - numbers: row by row, 0 before all others.
    ///   - positions: row by row.
    /// - Throws: `TorchError.invalidArgument` when the counts are not those of `rows` times a whole number.
    public init(numbers: [Int], positions: [Int], rows: Int, on device: Device) throws(TorchError) {
        let shape = [rows, rows > 0 ? numbers.count / rows : 0]
        numbers_BT = try Tensor(numbers, shape: shape, on: device)
        positions_BT = try Tensor(positions, shape: shape, on: device)
        positionCount = (positions.max() ?? 0) + 1
    }

    /// `[batch, 1, time, time]`, true where the branches let a position attend; causality apart.
    func mask() throws(TorchError) -> Tensor {
        let keys = try numbers_BT.unsqueezed(1).unsqueezed(2)
        let same = try numbers_BT.unsqueezed(1).unsqueezed(3).equal(to: keys)
        return try same.or(try keys.equal(to: 0))
    }
}
