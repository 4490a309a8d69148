internal import CTorch

extension Tensor {
    /// `self @ weight^T + bias`: `[.., K]` with `[N, K]` and `[N]` -> `[.., N]`.
    /// - Throws: `.invalidArgument` when sizes or dtypes do not fit.
    public func linear(_ weight: Tensor, _ bias: Tensor? = nil) throws(TorchError) -> Tensor {
        try produce { ct_linear(handle, weight.handle, bias?.handle, $0) }
    }

    /// Rows of `weight` `[V, H]` by `indices` `[..]` (Int64 or Int32) -> `[.., H]`.
    /// - Throws: `.index` for an index outside `0 ..< V`.
    public static func embedding(weight: Tensor, _ indices: Tensor) throws(TorchError) -> Tensor {
        try produce { ct_embedding(weight.handle, indices.handle, $0) }
    }

    /// - Throws: `.index` for an axis that does not exist.
    public func softmax(over axis: Int = -1) throws(TorchError) -> Tensor {
        try produce { ct_softmax(handle, axis, false, $0) }
    }

    /// - Throws: `.index` for an axis that does not exist.
    public func logSoftmax(over axis: Int = -1) throws(TorchError) -> Tensor {
        try produce { ct_softmax(handle, axis, true, $0) }
    }

    /// Attention of queries `[B, N, T, D]` over keys and values `[B, K, S, D]` -> `[B, N, T, D]`.
    /// - Parameter mask: `.bool` (true = attend) or floating (added), broadcasting to `[B, N, T, S]`; not with `isCausal`.
    /// - Parameter scale: nil is `1 / sqrt(D)`.
    /// - Parameter groupedQuery: N is a multiple of K; query head n reads key head `n / (N / K)`.
    /// - Throws: `.invalidArgument` when shapes or dtypes do not fit.
    public static func scaledDotProductAttention(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor? = nil, isCausal: Bool = false,
        scale: Double? = nil, groupedQuery: Bool = false
    ) throws(TorchError) -> Tensor {
        try produce { out in
            withOptional(scale) {
                ct_attention(query.handle, key.handle, value.handle, mask?.handle, isCausal, $0, groupedQuery, out)
            }
        }
    }

    /// Cross-entropy of these logits `[.., V]` against `targets` `[..]` (Int64): Float32 `[..]`, nats per position,
    /// 0 where the target is `ignored`; summed in Float32.
    /// - Throws: `.invalidArgument` when the shapes differ, `.index` for a target outside `0 ..< V`.
    public func crossEntropy(_ targets: Tensor, ignoring ignored: Int = -1) throws(TorchError) -> Tensor {
        try produce { ct_cross_entropy(handle, targets.handle, ignored, $0) }
    }
}
