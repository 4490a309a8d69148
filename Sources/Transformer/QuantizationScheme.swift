/// How the projections of a quantised model are stored. Embedding, head, norms and biases stay bfloat16.
public enum QuantizationScheme: String, Codable, Sendable, Hashable, CaseIterable {
    /// One byte a weight, a float32 scale per output channel, symmetric: weight = scale * q, q in -127...127. Products
    /// are of integers, activations quantised as they come, a scale per token.
    case int8
    /// Half a byte a weight in groups of inputs, a bfloat16 scale and offset per group and output channel:
    /// weight = scale * (q - 8) + offset, q in 0...15. Only the weights are quantised.
    case int4

    /// Inputs that share a scale in `int4`: 128 where that divides the inputs, else 64, else 32; nil where none does,
    /// and then the projection stays bfloat16.
    public static func groupSize(inputs: Int) -> Int? {
        [128, 64, 32].first { inputs > 0 && inputs % $0 == 0 }
    }
}
