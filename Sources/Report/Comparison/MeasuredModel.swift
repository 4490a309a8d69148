/// What one model scored, row by row and question by question. Parts that were not measured are empty or nil.
public struct MeasuredModel: Sendable, Equatable {
    /// The stage that made it.
    public var stage: String
    public var parameters: Int
    public var sizes: Sizes?
    public var domains: [Domain] = []
    public var tasks: [Task] = []
    public var speed: Speed?
    /// The most bytes that were resident at once while it was measured.
    public var peakMemoryBytes: Int?
    /// Bytes that one token leaves in the key-value cache.
    public var cacheBytesPerToken: Int?

    public init(stage: String, parameters: Int) {
        self.stage = stage
        self.parameters = parameters
    }

    /// Bytes of the weights, by form.
    public struct Sizes: Codable, Sendable, Equatable {
        public var halfPrecisionBytes: Int
        public var int8Bytes: Int
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

    /// Held-out rows of one domain.
    public struct Domain: Sendable, Equatable {
        public var name: String
        /// Nats of each row, summed over its predicted tokens.
        public var rowSums: [Double]
        public var rowTokens: [Int]

        public init(name: String, rowSums: [Double], rowTokens: [Int]) {
            self.name = name
            self.rowSums = rowSums
            self.rowTokens = rowTokens
        }

        /// Nats per predicted token; nil without any.
        public var loss: Double? {
            let tokens = rowTokens.reduce(0, +)
            return tokens > 0 ? rowSums.reduce(0, +) / Double(tokens) : nil
        }
    }

    /// Questions of one task.
    public struct Task: Sendable, Equatable {
        public var name: String
        public var metric: String
        /// What guessing scores on average.
        public var chance: Double
        /// Each question's id, and whether the answer counts as right by the metric.
        public var answers: [(id: String, isRight: Bool)]

        public init(name: String, metric: String, chance: Double, answers: [(id: String, isRight: Bool)]) {
            self.name = name
            self.metric = metric
            self.chance = chance
            self.answers = answers
        }

        public static func == (one: Task, other: Task) -> Bool {
            one.name == other.name && one.metric == other.metric && one.chance == other.chance
                && one.answers.elementsEqual(other.answers, by: ==)
        }
    }

    /// Tokens per second of wall time.
    public struct Speed: Codable, Sendable, Equatable {
        public var prefillTokensPerSecond: Double
        public var decodeTokensPerSecond: Double
        /// Sequences at once, tokens of each prompt, tokens decoded after it.
        public var rows: Int
        public var columns: Int
        public var decoded: Int
        public var repeats: Int
        /// Range over the repeats, relative to the median.
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
}
