internal import CTorch

/// The engine under the tensors: what it is, how it is set, how fast it is here. Settings hold for the whole process.
public enum Engine {
    /// The one libtorch version this package is built and tested with.
    public static let requiredVersion = "2.11.0"
    /// The version of the libtorch that is loaded.
    public static var version: String { String(cString: ct_library_version()) }
    /// The version of the headers this was built with.
    public static var headerVersion: String { String(cString: ct_header_version()) }
    /// The instruction set of libtorch's kernels, such as `AVX512`.
    public static var cpuCapability: String { String(cString: ct_cpu_capability()) }

    /// Refuses any libtorch but the required one.
    /// - Throws: `.unsupported`, with the way out.
    public static func requireVersion() throws(TorchError) {
        for (found, what) in [(version, "loaded"), (headerVersion, "built against")] where found != requiredVersion {
            throw TorchError(
                code: .unsupported, operation: "Engine.requireVersion()",
                message: "libtorch \(found) is \(what), \(requiredVersion) is needed: run scripts/setup again")
        }
    }

    /// How many threads one operation uses.
    public static var threads: Int { Int(ct_threads()) }
    /// - Throws: `.invalidArgument` below 1.
    public static func setThreads(_ count: Int) throws(TorchError) { try check(ct_set_threads(Int32(clamping: count))) }

    /// On how many threads a loop of a kernel of ours runs, found by running one.
    public static var loopThreads: Int { Int(ct_loop_threads()) }

    /// Whether only deterministic algorithms run: the same input gives the same bits. On from the start.
    public static var isDeterministic: Bool { ct_deterministic() }
    public static func setDeterministic(_ on: Bool) { ct_set_deterministic(on) }

    /// Bytes of CPU memory that the tensors of this process hold, its threads together; memory that is kept for later
    /// tensors and mapped files apart.
    public static var tensorBytes: Int { Int(ct_held_bytes()) }
    /// The most `tensorBytes` since the beginning or since `forgetPeak()`.
    public static var peakTensorBytes: Int { Int(ct_most_held_bytes()) }
    /// Lets `peakTensorBytes` begin again at what is held now.
    public static func forgetPeak() { ct_forget_most_held_bytes() }

    /// Loads libtorch's CUDA part and counts the devices.
    /// - Throws: `.unsupported`, with the reason and the way out, when there is none.
    public static func cudaDeviceCount() throws(TorchError) -> Int {
        var count: Int32 = 0
        try check(ct_open_cuda(&count))
        return Int(count)
    }
    public static var cudaIsAvailable: Bool { ((try? cudaDeviceCount()) ?? 0) > 0 }

    /// Gives the host memory that nothing uses back to the system. Later tensors ask for fresh pages, so this belongs
    /// between pieces of work, not into one.
    public static func releaseUnusedMemory() { ct_release_unused_memory() }

    /// Waits until a device has finished what it was given.
    /// - Throws: `.unsupported` without the device.
    public static func synchronize(_ device: Device) throws(TorchError) { try check(ct_synchronize(device.code)) }

    /// Floating-point operations per second of `[n, n] @ [n, n]` in a dtype: the best single product of a few runs of
    /// about 0.1 s, so that other work on the machine costs the estimate little; on a GPU, which is asked ahead of time,
    /// the best run.
    /// - Throws: `.unsupported` when the dtype has no product here, `.outOfMemory`.
    public static func measuredProductRate(
        _ dtype: DType, on device: Device = .cpu, size: Int = 1024, runs: Int = 4
    ) throws(TorchError) -> Double {
        let generator = try RandomGenerator(seed: 1)
        let a = try Tensor.normal([size, size], generator: generator).to(dtype).to(device)
        let b = try Tensor.normal([size, size], generator: generator).to(dtype).to(device)
        let clock = ContinuousClock()
        var shortest = Duration.seconds(3600)  // of one product
        for _ in 0...max(runs, 1) {  // the first one warms up and rarely wins
            let start = clock.now
            var products = 0
            repeat {
                let began = clock.now
                _ = try a.matmul(b)
                if device == .cpu { shortest = min(shortest, began.duration(to: clock.now)) }
                products += 1
            } while start.duration(to: clock.now) < .milliseconds(100)
            if device == .cpu { continue }
            try synchronize(device)
            shortest = min(shortest, start.duration(to: clock.now) / products)
        }
        let (seconds, attoseconds) = shortest.components
        return 2 * Double(size) * Double(size) * Double(size) / (Double(seconds) + Double(attoseconds) * 1e-18)
    }
}
