public import Torch

/// A projection, the one place where a weight matrix is applied.
public final class Linear {
    /// The matrix: `[out, in]`, or `[in, out]` when `isTransposed`.
    public let weight: Parameter
    /// `[out]`; nil for a projection without bias.
    public let bias: Parameter?
    /// Whether the matrix is stored `[in, out]`, as the down projection is, so that a prefix of neurons is a
    /// contiguous view.
    public let isTransposed: Bool

    init(weight: Parameter, bias: Parameter?, isTransposed: Bool = false) {
        self.weight = weight
        self.bias = bias
        self.isTransposed = isTransposed
    }

    /// `[.., in]` to `[.., out]`, in the compute type.
    /// - Parameter prefix: How many rows of the stored matrix are used, the first ones: outputs, or inputs when it is
    ///   transposed; nil: all. A piece of the weight's own memory.
    func callAsFunction(_ input: Tensor, prefix: Int? = nil) throws(TorchError) -> Tensor {
        var (matrix, offset) = (weight.value, bias?.value)
        if let prefix, prefix < matrix.shape[0] {
            matrix = try matrix.narrowed(0, from: 0, count: prefix)
            if !isTransposed { offset = try offset?.narrowed(0, from: 0, count: prefix) }
        }
        return try input.linear(isTransposed ? try matrix.transposed(0, 1) : matrix, offset)
    }
}
