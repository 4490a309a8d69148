public import Testing
public import Torch

/// How far two computations of one value may lie apart: `absolute + relative * |expected|`.
public struct Tolerance: Sendable {
    public var absolute: Double
    public var relative: Double
    public init(absolute: Double, relative: Double) {
        self.absolute = absolute
        self.relative = relative
    }
    /// What a short chain of operations loses in a dtype.
    public static func rounding(of dtype: DType) -> Tolerance {
        switch dtype {
        case .float64: Tolerance(absolute: 1e-12, relative: 1e-10)
        case .float32: Tolerance(absolute: 1e-6, relative: 1e-5)
        case .float16: Tolerance(absolute: 1e-3, relative: 4e-3)
        case .bfloat16: Tolerance(absolute: 1e-2, relative: 2e-2)
        case .int64, .int32, .int8, .uint8, .bool: Tolerance(absolute: 0, relative: 0)
        }
    }
}

/// Expects the same shape and every element within the tolerance (of the coarser dtype, when none is given).
public func expectClose(
    _ found: Tensor, _ expected: Tensor, _ tolerance: Tolerance? = nil, _ comment: @autoclosure () -> Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    guard found.shape == expected.shape else {
        Issue.record(
            "shape \(found.shape), expected \(expected.shape); \(comment().map(\.rawValue) ?? "")",
            sourceLocation: sourceLocation)
        return
    }
    let both = [Tolerance.rounding(of: found.dtype), .rounding(of: expected.dtype)]
    let limit =
        tolerance ?? Tolerance(absolute: both.map(\.absolute).max() ?? 0, relative: both.map(\.relative).max() ?? 0)
    try expectClose(found.doubles(), expected.doubles(), limit, comment(), sourceLocation: sourceLocation)
}

/// Expects as many numbers, each within the tolerance; names the worst.
public func expectClose(
    _ found: [Double], _ expected: [Double], _ tolerance: Tolerance, _ comment: @autoclosure () -> Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    guard found.count == expected.count else {
        Issue.record("\(found.count) numbers, expected \(expected.count)", sourceLocation: sourceLocation)
        return
    }
    var worst: (index: Int, excess: Double)?
    var failures = 0
    for index in found.indices where found[index] != expected[index] {
        let excess =
            abs(found[index] - expected[index]) / (tolerance.absolute + tolerance.relative * abs(expected[index]))
        if excess <= 1 { continue }  // false for NaN
        failures += 1
        if worst.map({ !(excess <= $0.excess) }) ?? true { worst = (index, excess) }
    }
    guard let worst else { return }
    Issue.record(
        """
        \(failures) of \(found.count) numbers are off, the worst is number \(worst.index): \(found[worst.index]), \
        expected \(expected[worst.index]) (\(worst.excess) times the tolerance); \(comment().map(\.rawValue) ?? "")
        """, sourceLocation: sourceLocation)
}

/// Runs `body` and expects that this thread frees as many tensors in it as it makes. Other threads do not disturb it.
public func expectNoNewTensors<R>(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> R
) rethrows -> R {
    let before = threadTensorBalance
    let result = try body()
    #expect(threadTensorBalance == before, "tensors leaked", sourceLocation: sourceLocation)
    return result
}
