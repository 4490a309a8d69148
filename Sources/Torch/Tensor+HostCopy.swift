internal import CTorch

extension Tensor {
    /// Calls `body` with the row-major bytes: the tensor's own on the CPU, else a copy. They are valid during the call.
    /// - Throws: `.outOfMemory`; whatever `body` throws goes through a `Result` of the caller's.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) throws(TorchError) -> R {
        let local = try to(.cpu).contiguous()
        var address: UnsafeMutableRawPointer?
        try check(ct_data(local.handle, &address))
        return withExtendedLifetime(local) {
            body(UnsafeRawBufferPointer(start: address, count: local.bytes))
        }
    }

    private func elements<Element>(_ dtype: DType, _: Element.Type) throws(TorchError) -> [Element] {
        try detached().to(dtype).withBytes { Array($0.bindMemory(to: Element.self)) }
    }

    /// The elements in row-major order, converted to Float32. Waits for the device.
    /// - Throws: `.outOfMemory`.
    public func floats() throws(TorchError) -> [Float] { try elements(.float32, Float.self) }

    /// The elements in row-major order, converted to Float64. Waits for the device.
    /// - Throws: `.outOfMemory`.
    public func doubles() throws(TorchError) -> [Double] { try elements(.float64, Double.self) }

    /// The elements in row-major order, converted to Int64 (towards zero). Waits for the device.
    /// - Throws: `.outOfMemory`.
    public func int64s() throws(TorchError) -> [Int64] { try elements(.int64, Int64.self) }

    /// The elements in row-major order, converted to Int32. Waits for the device.
    /// - Throws: `.outOfMemory`.
    public func int32s() throws(TorchError) -> [Int32] { try elements(.int32, Int32.self) }

    /// The one element. Waits for the device.
    /// - Throws: `.invalidArgument` when there is not exactly one.
    public func item() throws(TorchError) -> Double {
        var value = 0.0
        try check(ct_item(handle, &value))
        return value
    }
}
