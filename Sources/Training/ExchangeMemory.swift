/// The memory that ranks need to exchange gradients, beside the gradients.
public enum ExchangeMemory {
    /// The most bytes of one rank's buffers at a time; activations are gone by then.
    /// - Parameters:
    ///   - elements: Those of all parameters.
    ///   - parts: The fixed parts of a step; `nil` where their number is not fixed.
    public static func bytes(elements: Int, ranks: Int, sharding: Sharding?, parts: Int?) -> Int {
        guard ranks > 1 else { return 0 }
        let bucket = min(GradientExchange.bucketBytes, 4 * elements)
        // What is dealt out comes back as large; what is gathered or scattered has a piece of it beside it.
        if parts != nil { return 2 * bucket }
        return sharding == nil ? bucket : bucket + bucket / ranks
    }
}
