/// Exact bytes of a model's weights, by form: what evaluations write and reports match arms by.
public struct WeightSizes: Codable, Sendable, Equatable {
    /// All weights at 2 bytes.
    public var halfPrecisionBytes: Int
    /// Linear weights at 1 byte and a scale per output channel, everything else at 2 bytes.
    public var int8Bytes: Int
    /// As the model at hand is run: quantised, or in the type it computes in.
    public var storedBytes: Int

    public init(halfPrecisionBytes: Int, int8Bytes: Int, storedBytes: Int) {
        self.halfPrecisionBytes = halfPrecisionBytes
        self.int8Bytes = int8Bytes
        self.storedBytes = storedBytes
    }

    enum CodingKeys: String, CodingKey {
        case halfPrecisionBytes = "fp16_bytes"
        case int8Bytes = "int8_bytes"
        case storedBytes = "stored_bytes"
    }
}
