internal import CTorch

/// Verbs without a result: they change this tensor's memory, views of it included.
/// - Throws: each one `.invalidArgument` when shapes do not fit, or on a leaf that wants a gradient while gradients are
///   recorded (wrap such a change in `withoutGradients`).
extension Tensor {
    /// `self += scale * other`; dtypes may differ, the result keeps this one.
    public func add(_ other: Tensor, scale: Double = 1) throws(TorchError) {
        try check(ct_add_in_place(handle, other.handle, scale))
    }
    public func add(_ value: Double) throws(TorchError) { try check(ct_add_scalar_in_place(handle, value)) }
    public func multiply(by other: Tensor) throws(TorchError) { try check(ct_multiply_in_place(handle, other.handle)) }
    public func multiply(by value: Double) throws(TorchError) { try check(ct_multiply_scalar_in_place(handle, value)) }
    /// Converts dtype and device on the way; `source` broadcasts.
    public func copy(from source: Tensor) throws(TorchError) { try check(ct_copy_in_place(handle, source.handle)) }
    public func fill(_ value: Double) throws(TorchError) { try check(ct_fill_in_place(handle, value)) }
    public func zero() throws(TorchError) { try check(ct_fill_in_place(handle, 0)) }
    public func clamp(min: Double? = nil, max: Double? = nil) throws(TorchError) {
        let status = withOptional(min) { low in withOptional(max) { high in ct_clamp_in_place(handle, low, high) } }
        try check(status)
    }
}
