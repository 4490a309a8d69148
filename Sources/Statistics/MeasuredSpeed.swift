/// How fast a model ran, in tokens per second of wall time over all rows: what evaluations write and reports compare.
public struct MeasuredSpeed: Codable, Sendable, Equatable {
    public var prefillTokensPerSecond: Double
    public var decodeTokensPerSecond: Double
    /// Sequences at once, tokens of each prompt, tokens decoded after each, and repeats whose median this is.
    public var rows: Int
    public var columns: Int
    public var decoded: Int
    public var repeats: Int
    /// The larger of both measurements' ranges over the repeats, relative to their medians.
    public var spread: Double

    public init(
        prefillTokensPerSecond: Double, decodeTokensPerSecond: Double, rows: Int, columns: Int, decoded: Int,
        repeats: Int, spread: Double
    ) {
        self.prefillTokensPerSecond = prefillTokensPerSecond
        self.decodeTokensPerSecond = decodeTokensPerSecond
        self.rows = rows
        self.columns = columns
        self.decoded = decoded
        self.repeats = repeats
        self.spread = spread
    }

    enum CodingKeys: String, CodingKey {
        case prefillTokensPerSecond = "prefill_tokens_per_second"
        case decodeTokensPerSecond = "decode_tokens_per_second"
        case rows, columns, decoded, repeats, spread
    }
}
