internal import CTorch

/// Element by element with broadcasting; a Double never widens a floating tensor. All differentiable.
/// - Throws: each one `.invalidArgument` when shapes do not broadcast or devices differ; `.outOfMemory`.
extension Tensor {
    private func unary(_ kind: ct_unary_operation, _ operation: StaticString = #function) throws(TorchError) -> Tensor {
        try produce(operation) { ct_unary(kind, handle, $0) }
    }

    func binary(
        _ kind: ct_binary_operation, _ other: Tensor, _ operation: StaticString = #function
    ) throws(TorchError) -> Tensor {
        try produce(operation) { ct_binary(kind, handle, other.handle, $0) }
    }

    func binary(
        _ kind: ct_binary_operation, _ value: Double, reversed: Bool = false, _ operation: StaticString = #function
    ) throws(TorchError) -> Tensor {
        try produce(operation) { ct_binary_scalar(kind, handle, value, reversed, $0) }
    }

    public static func + (a: Tensor, b: Tensor) throws(TorchError) -> Tensor { try a.binary(CT_ADD, b) }
    public static func - (a: Tensor, b: Tensor) throws(TorchError) -> Tensor { try a.binary(CT_SUBTRACT, b) }
    public static func * (a: Tensor, b: Tensor) throws(TorchError) -> Tensor { try a.binary(CT_MULTIPLY, b) }
    public static func / (a: Tensor, b: Tensor) throws(TorchError) -> Tensor { try a.binary(CT_DIVIDE, b) }
    public static func + (a: Tensor, b: Double) throws(TorchError) -> Tensor { try a.binary(CT_ADD, b) }
    public static func - (a: Tensor, b: Double) throws(TorchError) -> Tensor { try a.binary(CT_SUBTRACT, b) }
    public static func * (a: Tensor, b: Double) throws(TorchError) -> Tensor { try a.binary(CT_MULTIPLY, b) }
    public static func / (a: Tensor, b: Double) throws(TorchError) -> Tensor { try a.binary(CT_DIVIDE, b) }
    public static func + (a: Double, b: Tensor) throws(TorchError) -> Tensor { try b.binary(CT_ADD, a, reversed: true) }
    public static func - (a: Double, b: Tensor) throws(TorchError) -> Tensor {
        try b.binary(CT_SUBTRACT, a, reversed: true)
    }
    public static func * (a: Double, b: Tensor) throws(TorchError) -> Tensor {
        try b.binary(CT_MULTIPLY, a, reversed: true)
    }
    public static func / (a: Double, b: Tensor) throws(TorchError) -> Tensor {
        try b.binary(CT_DIVIDE, a, reversed: true)
    }
    public static prefix func - (a: Tensor) throws(TorchError) -> Tensor { try a.unary(CT_NEGATE) }

    public func exp() throws(TorchError) -> Tensor { try unary(CT_EXP) }
    /// The natural logarithm.
    public func log() throws(TorchError) -> Tensor { try unary(CT_LOG) }
    /// `log(1 + x)`, exact near 0.
    public func log1p() throws(TorchError) -> Tensor { try unary(CT_LOG1P) }
    public func sqrt() throws(TorchError) -> Tensor { try unary(CT_SQRT) }
    /// `1 / sqrt(x)`.
    public func rsqrt() throws(TorchError) -> Tensor { try unary(CT_RSQRT) }
    public func sigmoid() throws(TorchError) -> Tensor { try unary(CT_SIGMOID) }
    public func logSigmoid() throws(TorchError) -> Tensor { try unary(CT_LOG_SIGMOID) }
    /// `x * sigmoid(x)`.
    public func silu() throws(TorchError) -> Tensor { try unary(CT_SILU) }
    public func relu() throws(TorchError) -> Tensor { try unary(CT_RELU) }
    /// `log(1 + exp(x))`.
    public func softplus() throws(TorchError) -> Tensor { try unary(CT_SOFTPLUS) }
    public func tanh() throws(TorchError) -> Tensor { try unary(CT_TANH) }
    public func abs() throws(TorchError) -> Tensor { try unary(CT_ABS) }
    public func squared() throws(TorchError) -> Tensor { try unary(CT_SQUARE) }
    public func reciprocal() throws(TorchError) -> Tensor { try unary(CT_RECIPROCAL) }
    public func sin() throws(TorchError) -> Tensor { try unary(CT_SIN) }
    public func cos() throws(TorchError) -> Tensor { try unary(CT_COS) }
    public func floor() throws(TorchError) -> Tensor { try unary(CT_FLOOR) }
    /// Halves go to the even neighbour.
    public func rounded() throws(TorchError) -> Tensor { try unary(CT_ROUND) }
    public func sign() throws(TorchError) -> Tensor { try unary(CT_SIGN) }
    public func pow(_ exponent: Double) throws(TorchError) -> Tensor { try binary(CT_POWER, exponent) }
    public func pow(_ exponent: Tensor) throws(TorchError) -> Tensor { try binary(CT_POWER, exponent) }
    /// The larger of the two, element by element.
    public func larger(_ other: Tensor) throws(TorchError) -> Tensor { try binary(CT_LARGER, other) }
    /// The smaller of the two, element by element.
    public func smaller(_ other: Tensor) throws(TorchError) -> Tensor { try binary(CT_SMALLER, other) }

    /// Values below `min` become `min`, above `max` become `max`; the gradient is 0 outside.
    /// - Throws: `.invalidArgument` when neither limit is given.
    public func clamped(min: Double? = nil, max: Double? = nil) throws(TorchError) -> Tensor {
        try produce { out in
            withOptional(min) { low in withOptional(max) { high in ct_clamp(handle, low, high, out) } }
        }
    }

    /// The matrix product; leading axes are batches and broadcast, a tensor of one axis is a row or a column.
    /// - Throws: `.invalidArgument` when sizes or dtypes do not fit.
    public func matmul(_ other: Tensor) throws(TorchError) -> Tensor {
        try produce { ct_matmul(handle, other.handle, $0) }
    }
}

/// Comparisons make tensors of `.bool`, fit for `selecting`, `to(.float32)`, sums and logic; none is differentiable.
/// - Throws: each one `.invalidArgument` when shapes do not broadcast or devices differ; `.outOfMemory`.
extension Tensor {
    public func greater(than value: Double) throws(TorchError) -> Tensor { try binary(CT_GREATER, value) }
    public func greater(than other: Tensor) throws(TorchError) -> Tensor { try binary(CT_GREATER, other) }
    public func greaterOrEqual(to value: Double) throws(TorchError) -> Tensor { try binary(CT_GREATER_EQUAL, value) }
    public func greaterOrEqual(to other: Tensor) throws(TorchError) -> Tensor { try binary(CT_GREATER_EQUAL, other) }
    public func less(than value: Double) throws(TorchError) -> Tensor { try binary(CT_LESS, value) }
    public func less(than other: Tensor) throws(TorchError) -> Tensor { try binary(CT_LESS, other) }
    public func lessOrEqual(to value: Double) throws(TorchError) -> Tensor { try binary(CT_LESS_EQUAL, value) }
    public func lessOrEqual(to other: Tensor) throws(TorchError) -> Tensor { try binary(CT_LESS_EQUAL, other) }
    public func equal(to value: Double) throws(TorchError) -> Tensor { try binary(CT_EQUAL, value) }
    public func equal(to other: Tensor) throws(TorchError) -> Tensor { try binary(CT_EQUAL, other) }
    public func notEqual(to value: Double) throws(TorchError) -> Tensor { try binary(CT_NOT_EQUAL, value) }
    public func notEqual(to other: Tensor) throws(TorchError) -> Tensor { try binary(CT_NOT_EQUAL, other) }
    public func and(_ other: Tensor) throws(TorchError) -> Tensor { try binary(CT_AND, other) }
    public func or(_ other: Tensor) throws(TorchError) -> Tensor { try binary(CT_OR, other) }
    public func not() throws(TorchError) -> Tensor { try unary(CT_LOGICAL_NOT) }
    /// Per element: neither NaN nor infinite.
    public func finiteElements() throws(TorchError) -> Tensor { try unary(CT_IS_FINITE) }

    /// `a` where the condition (`.bool` or `.uint8`) holds, else `b`; all three broadcast.
    /// - Throws: `.invalidArgument` when shapes do not broadcast.
    public static func selecting(_ condition: Tensor, _ a: Tensor, _ b: Tensor) throws(TorchError) -> Tensor {
        try produce { ct_select(condition.handle, a.handle, b.handle, $0) }
    }
}
