internal import CTorch

/// A seeded stream of random numbers on one device: the same seed gives the same numbers on the same libtorch.
public final class RandomGenerator {
    let handle: OpaquePointer
    public let device: Device

    /// - Throws: `.unsupported` without the device.
    public init(seed: UInt64, on device: Device = .cpu) throws(TorchError) {
        var made: OpaquePointer?
        try check(ct_generator_make(seed, device.code, &made))
        guard let made else {
            throw TorchError(code: .internalFault, operation: #function, message: "no generator came out")
        }
        handle = made
        self.device = device
    }
    deinit { ct_generator_free(handle) }

    /// The whole state, to continue the stream from here: Uint8, one axis, on the CPU.
    /// - Throws: `.outOfMemory`.
    public func state() throws(TorchError) -> Tensor { try produce { ct_generator_state(handle, $0) } }

    /// - Throws: `.invalidArgument` when the tensor is no state of this kind of generator.
    public func restore(_ state: Tensor) throws(TorchError) { try check(ct_generator_set_state(handle, state.handle)) }
}

@available(*, unavailable)
extension RandomGenerator: Sendable {}

extension Tensor {
    /// Independent draws of the normal distribution.
    /// - Throws: `.invalidArgument` for a negative deviation or a generator of another device.
    public static func normal(
        _ shape: [Int], mean: Double = 0, deviation: Double = 1, generator: RandomGenerator, _ dtype: DType = .float32,
        on device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try produce {
            ct_normal(generator.handle, shape, shape.count, mean, deviation, dtype.code, device.code, $0)
        }
    }

    /// Independent draws from `low ..< high`.
    /// - Throws: `.invalidArgument` for an empty range or a generator of another device.
    public static func uniform(
        _ shape: [Int], low: Double = 0, high: Double = 1, generator: RandomGenerator, _ dtype: DType = .float32,
        on device: Device = .cpu
    ) throws(TorchError) -> Tensor {
        try produce { ct_uniform(generator.handle, shape, shape.count, low, high, dtype.code, device.code, $0) }
    }

    /// `count` Int64 draws with replacement from each row of these weights (`[V]` or `[R, V]`, not negative).
    /// - Throws: `.invalidArgument` for negative weights or a row without weight.
    public func multinomial(_ count: Int, generator: RandomGenerator) throws(TorchError) -> Tensor {
        try produce { ct_multinomial(generator.handle, handle, count, $0) }
    }
}
