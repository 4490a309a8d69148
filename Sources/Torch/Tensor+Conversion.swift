internal import CTorch

extension Tensor {
    /// The same values in another dtype; this memory when nothing changes. Differentiable.
    /// - Throws: `.outOfMemory`.
    public func to(_ dtype: DType) throws(TorchError) -> Tensor { try produce { ct_to_dtype(handle, dtype.code, $0) } }

    /// The same values on another device; this memory when nothing changes. Differentiable.
    /// - Throws: `.unsupported` without the device, `.outOfMemory`.
    public func to(_ device: Device) throws(TorchError) -> Tensor {
        try produce { ct_to_device(handle, device.code, $0) }
    }

    /// The same memory, cut from the gradient graph.
    /// - Throws: `.internalFault` only.
    public func detached() throws(TorchError) -> Tensor { try produce { ct_detach(handle, $0) } }

    /// Memory of its own, row-major. Differentiable.
    /// - Throws: `.outOfMemory`.
    public func copied() throws(TorchError) -> Tensor { try produce { ct_copy(handle, $0) } }

    /// Row-major without gaps: itself, or a copy.
    /// - Throws: `.outOfMemory`.
    public func contiguous() throws(TorchError) -> Tensor { try produce { ct_contiguous(handle, $0) } }
}
