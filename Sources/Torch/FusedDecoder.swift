internal import CTorch

/// One token of one sequence through all blocks of a decoder in a single call, on the CPU, without gradients: what a step takes is
/// the time that memory needs to bring the weights.
///
/// It shares the memory of weights and cache, so that weights may change between steps. Inside it computes in Float32.
public final class FusedDecoder {
    /// A projection: its matrix as it is held.
    public struct Matrix {
        let weight: Tensor
        let outputs: Int
        let scales: Tensor?
        let bias: Tensor?
        let isTransposed: Bool

        /// - Parameters:
        ///   - weight: `[outputs, inputs]`, or `[inputs, outputs]` when transposed; with scales Int8 as of `int8Linear`.
        ///   - scales: `[outputs]` Float32.
        ///   - bias: `[outputs]`.
        public init(
            _ weight: Tensor, outputs: Int, scales: Tensor? = nil, bias: Tensor? = nil, isTransposed: Bool = false
        ) {
            self.weight = weight
            self.outputs = outputs
            self.scales = scales
            self.bias = bias
            self.isTransposed = isTransposed
        }

        var described: ct_projection {
            ct_projection(
                weight: weight.handle, scales: scales?.handle, bias: bias?.handle, outputs: outputs,
                transposed: isTransposed)
        }
    }

    private let handle: OpaquePointer

    /// A decoder without blocks.
    /// - Parameter finalNorm: `[hidden]`, Float32 or BFloat16: the dtype of everything that is not quantised.
    /// - Throws: `.invalidArgument` for another dtype or device, or an odd head size.
    public init(headSize: Int, epsilon: Double, finalNorm: Tensor) throws(TorchError) {
        var made: OpaquePointer?
        try check(ct_decoder_make(headSize, epsilon, finalNorm.handle, &made))
        guard let made else {
            throw TorchError(code: .internalFault, operation: "FusedDecoder.init", message: "no decoder came out")
        }
        handle = made
    }

    deinit { ct_decoder_free(handle) }

    /// Adds half a block: norm `[hidden]`, attention over a cache, sum with the stream.
    /// - Parameter keys: `[1, key heads, positions, head size]`, as `values`: memory that `step` fills.
    /// - Throws: `.invalidArgument` when shapes or dtypes do not fit.
    public func addAttention(
        norm: Tensor, query: Matrix, key: Matrix, value: Matrix, output: Matrix, queryHeads: Int, keyHeads: Int,
        keys: Tensor, values: Tensor
    ) throws(TorchError) {
        var (query_, key_, value_, output_) = (query.described, key.described, value.described, output.described)
        let status = withExtendedLifetime((query, key, value, output)) {
            ct_decoder_add_attention(
                handle, norm.handle, &query_, &key_, &value_, &output_, queryHeads, keyHeads, keys.handle,
                values.handle)
        }
        try check(status)
    }

    /// Adds half a block: norm `[hidden]`, `down(silu(gate) * up)`, sum with the stream.
    /// - Throws: `.invalidArgument` when shapes or dtypes do not fit.
    public func addFeedForward(norm: Tensor, gate: Matrix, up: Matrix, down: Matrix) throws(TorchError) {
        var (gate_, up_, down_) = (gate.described, up.described, down.described)
        let status = withExtendedLifetime((gate, up, down)) {
            ct_decoder_add_feed_forward(handle, norm.handle, &gate_, &up_, &down_)
        }
        try check(status)
    }

    /// What the head reads, in the shape of `stream`; the cache gets the token's keys and values.
    /// - Parameters:
    ///   - stream: the token's embedding, as many numbers as the final norm.
    ///   - cosines: of the position's angles, head size / 2 Float32, as `sines`.
    ///   - position: from 0; the cache holds those below.
    /// - Throws: `.invalidArgument` when sizes or dtypes do not fit, or the cache is full.
    public func step(
        _ stream: Tensor, cosines: Tensor, sines: Tensor, position: Int
    ) throws(TorchError) -> Tensor {
        try produce { ct_decoder_step(handle, stream.handle, cosines.handle, sines.handle, position, $0) }
    }
}

/// One thread, as the tensors it holds.
@available(*, unavailable)
extension FusedDecoder: Sendable {}
