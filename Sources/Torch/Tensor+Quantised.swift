internal import CTorch

// Products with weights that were quantised before; no gradients.
extension Tensor {
    /// Weights `[N, K]` Int8 in the form that this processor multiplies fastest, for `int8Linear`: the same memory where
    /// there is no better one.
    /// - Throws: `.invalidArgument` for another shape or dtype, or more than 65,536 inputs.
    public func int8Packed() throws(TorchError) -> Tensor { try produce { ct_int8_pack(handle, $0) } }

    /// `self` `[.., K]` times weights of bytes, `[.., N]` in this dtype. Each row is quantised as it comes:
    /// a = max|x| / 127, q = x / a to the nearest; result = (q . w) * (a * scale) + bias with exact integer sums.
    /// - Parameters:
    ///   - weight: `[N, K]` Int8, or what `int8Packed` made of it.
    ///   - outputs: N.
    ///   - scales: `[N]` Float32.
    ///   - bias: `[N]`, any floating dtype.
    /// - Throws: `.invalidArgument` when sizes or dtypes do not fit.
    public func int8Linear(
        _ weight: Tensor, outputs: Int, scales: Tensor, _ bias: Tensor? = nil
    ) throws(TorchError) -> Tensor {
        try produce { ct_int8_linear(handle, weight.handle, outputs, scales.handle, bias?.handle, $0) }
    }

    /// `self` `[.., K]` times weights of half bytes, `[.., N]` in this dtype: weight = scale * (q - 8) + offset.
    /// - Parameters:
    ///   - weight: `[N, K / 2]` Uint8: byte j of a group holds q of its input j low and of input j + group / 2 high.
    ///   - group: inputs that share scale and offset: 32, 64 or 128.
    ///   - scales: `[N, K / group]` Float32, as `offsets`.
    ///   - bias: `[N]`, any floating dtype.
    /// - Throws: `.invalidArgument` when sizes or dtypes do not fit.
    public func int4Linear(
        _ weight: Tensor, group: Int, scales: Tensor, offsets: Tensor, _ bias: Tensor? = nil
    ) throws(TorchError) -> Tensor {
        try produce {
            ct_int4_linear(handle, weight.handle, group, scales.handle, offsets.handle, bias?.handle, $0)
        }
    }
}
