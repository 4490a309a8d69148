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
    func callAsFunction(_ input: Tensor) throws(TorchError) -> Tensor {
        let matrix = isTransposed ? try weight.value.transposed(0, 1) : weight.value
        return try input.linear(matrix, bias?.value)
    }
}
