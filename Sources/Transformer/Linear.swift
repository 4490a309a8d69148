public import Torch

/// A projection, the one place where a weight matrix is applied.
public final class Linear {
    /// How the matrix is held.
    public enum Storage {
        /// `[out, in]`, or `[in, out]` when transposed, as the down projection is, so that a prefix of neurons is a
        /// contiguous view.
        case dense(Parameter, isTransposed: Bool)
        /// Numbers of few bits, which are run and not trained.
        case quantized(QuantizedMatrix)
    }

    /// The matrix.
    public let storage: Storage
    /// `[out]`; nil for a projection without bias.
    public let bias: Parameter?

    init(_ storage: Storage, bias: Parameter?) {
        self.storage = storage
        self.bias = bias
    }

    /// The dense matrix as it is held; nil for a quantised one.
    public var weight: Parameter? {
        if case .dense(let weight, _) = storage { weight } else { nil }
    }

    /// `[.., in]` to `[.., out]`, in the compute type.
    /// - Parameter prefix: How many rows of the stored matrix are used, the first ones: outputs, or inputs when it is
    ///   transposed; nil: all. A piece of the weight's own memory.
    /// - Throws: `TorchError.unsupported` for a piece of a quantised matrix.
    func callAsFunction(_ input: Tensor, prefix: Int? = nil) throws(TorchError) -> Tensor {
        switch storage {
        case .dense(let weight, let isTransposed):
            let (matrix, offset) = try part(of: weight, isTransposed: isTransposed, prefix: prefix)
            return try input.linear(isTransposed ? try matrix.transposed(0, 1) : matrix, offset)
        case .quantized(let matrix):
            if let prefix, prefix < matrix.storedRows {
                throw TorchError(
                    code: .unsupported, operation: "Linear.callAsFunction",
                    message: "a view cannot run a part of quantised weights: cut the model first, then quantise it")
            }
            return try matrix.apply(input, bias?.value)
        }
    }

    /// What a fused decoder takes of this projection; nil for a form that it does not know.
    /// - Parameter prefix: as of `callAsFunction`.
    func fused(prefix: Int? = nil) throws(TorchError) -> FusedDecoder.Matrix? {
        switch storage {
        case .dense(let weight, let isTransposed):
            let (matrix, offset) = try part(of: weight, isTransposed: isTransposed, prefix: prefix)
            return FusedDecoder.Matrix(
                matrix, outputs: matrix.shape[isTransposed ? 1 : 0], bias: offset, isTransposed: isTransposed)
        case .quantized(let matrix):
            if let prefix, prefix < matrix.storedRows { return nil }
            return matrix.fused(bias?.value)
        }
    }

    /// The first rows of the stored matrix, and what of the bias goes with them.
    private func part(
        of weight: Parameter, isTransposed: Bool, prefix: Int?
    ) throws(TorchError) -> (matrix: Tensor, bias: Tensor?) {
        let (matrix, offset) = (weight.value, bias?.value)
        guard let prefix, prefix < matrix.shape[0] else { return (matrix, offset) }
        return (
            try matrix.narrowed(0, from: 0, count: prefix),
            isTransposed ? offset : try offset?.narrowed(0, from: 0, count: prefix)
        )
    }
}
