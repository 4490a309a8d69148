internal import CTorch

extension Tensor {
    /// - Throws: `.invalidArgument` for a negative size, `.outOfMemory`, `.unsupported` without the device.
    public static func full(
        _ shape: [Int], _ value: Double, _ dtype: DType = .float32, on device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try produce { ct_full(shape, shape.count, value, dtype.code, device.code, $0) }
    }

    /// - Throws: As `full`.
    public static func zeros(
        _ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try produce { ct_full(shape, shape.count, 0, dtype.code, device.code, $0) }
    }

    /// - Throws: As `full`.
    public static func ones(
        _ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try produce { ct_full(shape, shape.count, 1, dtype.code, device.code, $0) }
    }

    /// Memory that is not set: for what is written before it is read.
    /// - Throws: As `full`.
    public static func empty(
        _ shape: [Int], _ dtype: DType = .float32, on device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try produce { ct_empty(shape, shape.count, dtype.code, device.code, $0) }
    }

    /// `start, start + 1, ..., end - 1`.
    /// - Throws: `.invalidArgument` when `end` lies before `start`.
    public static func arange(
        _ start: Int, _ end: Int, _ dtype: DType = .int64, on device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try produce { ct_arange(start, end, dtype.code, device.code, $0) }
    }

    /// A tensor without axes.
    /// - Throws: As `full`.
    public static func scalar(
        _ value: Double, _ dtype: DType = .float32, on device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try produce { ct_full([], 0, value, dtype.code, device.code, $0) }
    }

    /// A CPU copy of row-major bytes.
    /// - Throws: `.invalidArgument` when the byte count is not what shape and dtype need.
    public static func fromBytes(
        _ bytes: UnsafeRawBufferPointer, shape: [Int], _ dtype: DType
    ) throws(TorchError) -> Tensor {
        try produce { ct_from_bytes(bytes.baseAddress, bytes.count, shape, shape.count, dtype.code, $0) }
    }

    /// A view of memory that `owner` keeps valid: it is retained until the last tensor on that memory is gone.
    /// - Throws: `.invalidArgument` when sizes or alignment do not fit.
    static func viewing(
        _ bytes: UnsafeRawBufferPointer, shape: [Int], _ dtype: DType, owner: AnyObject
    ) throws(TorchError) -> Tensor {
        guard let base = bytes.baseAddress else { return try fromBytes(bytes, shape: shape, dtype) }
        return try produce {
            ct_from_memory(
                UnsafeMutableRawPointer(mutating: base), bytes.count, shape, shape.count, dtype.code,
                Unmanaged.passRetained(owner).toOpaque(), { Unmanaged<AnyObject>.fromOpaque($0).release() }, $0)
        }
    }

    private static func copying<Element>(
        _ values: [Element], shape: [Int], _ dtype: DType, on device: Device
    ) throws(TorchError) -> OpaquePointer {
        var handle: OpaquePointer?
        let status = values.withUnsafeBytes {
            ct_from_bytes($0.baseAddress, $0.count, shape, shape.count, dtype.code, &handle)
        }
        try check(status, "Tensor.init(_:shape:on:)")
        guard let made = handle else {
            throw TorchError(code: .internalFault, operation: "Tensor.init(_:shape:on:)", message: "no tensor came out")
        }
        if device == .cpu { return made }
        defer { ct_tensor_free(made) }
        var moved: OpaquePointer?
        try check(ct_to_device(made, device.code, &moved), "Tensor.init(_:shape:on:)")
        return moved ?? made
    }

    /// Float32 of row-major `values`; without a shape, one axis.
    /// - Throws: `.invalidArgument` when the count is not the product of the shape.
    public convenience init(_ values: [Float], shape: [Int]? = nil, on device: Device = .cpu) throws(TorchError) {
        self.init(adopting: try Tensor.copying(values, shape: shape ?? [values.count], .float32, on: device))
    }

    /// Float64, as above.
    /// - Throws: As above.
    public convenience init(_ values: [Double], shape: [Int]? = nil, on device: Device = .cpu) throws(TorchError) {
        self.init(adopting: try Tensor.copying(values, shape: shape ?? [values.count], .float64, on: device))
    }

    /// Int64, as above.
    /// - Throws: As above.
    public convenience init(_ values: [Int64], shape: [Int]? = nil, on device: Device = .cpu) throws(TorchError) {
        self.init(adopting: try Tensor.copying(values, shape: shape ?? [values.count], .int64, on: device))
    }

    /// Int64, as above.
    /// - Throws: As above.
    public convenience init(_ values: [Int], shape: [Int]? = nil, on device: Device = .cpu) throws(TorchError) {
        self.init(adopting: try Tensor.copying(values, shape: shape ?? [values.count], .int64, on: device))
    }

    /// Int32, as above.
    /// - Throws: As above.
    public convenience init(_ values: [Int32], shape: [Int]? = nil, on device: Device = .cpu) throws(TorchError) {
        self.init(adopting: try Tensor.copying(values, shape: shape ?? [values.count], .int32, on: device))
    }

    /// Uint8, as above.
    /// - Throws: As above.
    public convenience init(_ values: [UInt8], shape: [Int]? = nil, on device: Device = .cpu) throws(TorchError) {
        self.init(adopting: try Tensor.copying(values, shape: shape ?? [values.count], .uint8, on: device))
    }
}
