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
    /// The type it computed in and where, as the evaluation states them; nil where it does not.
    public var precision: String?
    public var device: String?

    public init(
        prefillTokensPerSecond: Double, decodeTokensPerSecond: Double, rows: Int, columns: Int, decoded: Int,
        repeats: Int, spread: Double, precision: String? = nil, device: String? = nil
    ) {
        self.prefillTokensPerSecond = prefillTokensPerSecond
        self.decodeTokensPerSecond = decodeTokensPerSecond
        self.rows = rows
        self.columns = columns
        self.decoded = decoded
        self.repeats = repeats
        self.spread = spread
        self.precision = precision
        self.device = device
    }

    enum CodingKeys: String, CodingKey {
        case prefillTokensPerSecond = "prefill_tokens_per_second"
        case decodeTokensPerSecond = "decode_tokens_per_second"
        case rows, columns, decoded, repeats, spread, precision, device
    }

    /// What must be the same for two speeds to be held against each other, in words.
    public var settings: String {
        let place = [precision, device.map { "on \($0)" }].compactMap { $0 }.joined(separator: " ")
        return "\(rows) x \(columns) + \(decoded) tokens" + (place.isEmpty ? "" : ", \(place)")
    }
}
