internal import CTorch

// Operations with a forward and a backward of their own: what a decoder spends its time in beside matrix products.
extension Tensor {
    /// Root-mean-square norm over the last axis, inside in Float32: `[.., H]`, weight `[H]` -> this dtype.
    ///
    /// With a mask `z` `[H]` the mean square is taken over the channels that z keeps, unscaled, and the result is
    /// multiplied by z: `x * rsqrt(sum(x^2 * [z != 0]) / count(z != 0) + epsilon) * weight * z`
    /// (LLM-Shearing's masked norm, without a gather). Differentiable in all three.
    /// - Throws: `.invalidArgument` when sizes do not fit.
    public func rmsNorm(weight: Tensor, epsilon: Double, mask: Tensor? = nil) throws(TorchError) -> Tensor {
        try produce { ct_rms_norm(handle, weight.handle, mask?.handle, epsilon, $0) }
    }

    /// `silu(gate) * up * mask`: `[.., M]`, mask `[M]`. Differentiable in all three.
    /// - Throws: `.invalidArgument` when sizes or dtypes do not fit.
    public static func swiglu(_ gate: Tensor, _ up: Tensor, mask: Tensor? = nil) throws(TorchError) -> Tensor {
        try produce { ct_swiglu(gate.handle, up.handle, mask?.handle, $0) }
    }

    /// `self * scale` with one factor per channel: `[.., H]`, scale `[H]` of any floating dtype, inside in Float32.
    /// Differentiable in both.
    /// - Throws: `.invalidArgument` when sizes do not fit.
    public func scaled(byChannel scale_H: Tensor) throws(TorchError) -> Tensor {
        try produce { ct_add_scaled(nil, handle, scale_H.handle, $0) }
    }

    /// `self + other * scale` with one factor per channel: `[.., H]`, scale `[H]` of any floating dtype, inside in
    /// Float32: a residual under a mask. Differentiable in all three.
    /// - Throws: `.invalidArgument` when sizes or dtypes do not fit.
    public func adding(_ other: Tensor, scaledByChannel scale_H: Tensor) throws(TorchError) -> Tensor {
        try produce { ct_add_scaled(handle, other.handle, scale_H.handle, $0) }
    }

    /// Rotary position embedding, half-split: `(a, b) -> (a cos - b sin, b cos + a sin)` with a and b the two halves of
    /// the last axis. `[B, N, T, D]`, cosines and sines `[T, D/2]` or `[B, 1, T, D/2]` Float32 -> this dtype.
    /// - Throws: `.invalidArgument` when sizes do not fit.
    public func rotary(_ cosines: Tensor, _ sines: Tensor) throws(TorchError) -> Tensor {
        try produce { ct_rotary(handle, cosines.handle, sines.handle, $0) }
    }

    /// Cross-entropy of a linear head: hidden `[N, H]`, weight `[V, H]` (one dtype), targets `[N]` Int64, -1 = not
    /// counted -> Float32 `[N]`, nats, 0 where not counted. The Float32 logits never exist as a whole.
    /// Differentiable in hidden and weight.
    /// - Throws: `.invalidArgument` when sizes or dtypes do not fit, `.index` for a target outside `-1 ..< V`.
    public static func linearCrossEntropy(
        _ hidden_NH: Tensor, _ weight_VH: Tensor, _ targets_N: Tensor
    ) throws(TorchError) -> Tensor {
        try produce { ct_linear_cross_entropy(hidden_NH.handle, weight_VH.handle, targets_N.handle, $0) }
    }

    /// A student's linear head against a teacher's, all of one dtype: per position `[N]`, Float32, nats, 0 where the
    /// target is -1. `loss` = share * divergence + (1 - share) * crossEntropy is differentiable in `hidden_NH` and
    /// `weight_VH`; `divergence` = temperature^2 * KL(softmax(teacher / temperature) || softmax(student / temperature))
    /// and `crossEntropy` are for reports and carry no gradient. The Float32 logits never exist as a whole, nor do the
    /// teacher's in any dtype.
    /// - Parameter targets_N: Int64.
    /// - Throws: `.invalidArgument` when sizes, dtypes, share or temperature do not fit, `.index` for a target outside
    ///   `-1 ..< V`.
    public static func linearDistillation(
        _ hidden_NH: Tensor, _ weight_VH: Tensor, teacher hidden_NG: Tensor, _ weight_VG: Tensor,
        targets targets_N: Tensor,
        share: Double = 1, temperature: Double = 1
    ) throws(TorchError) -> (loss: Tensor, divergence: Tensor, crossEntropy: Tensor) {
        let (losses, parts) = try producePair {
            ct_linear_distillation(
                hidden_NH.handle, weight_VH.handle, hidden_NG.handle, weight_VG.handle, targets_N.handle, share,
                temperature, $0, $1)
        }
        return (losses, try parts.selected(0, 0), try parts.selected(0, 1))
    }
}
