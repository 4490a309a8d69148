public import Statistics

/// What one model scored, row by row and question by question. Parts that were not measured are empty or nil.
public struct MeasuredModel: Sendable, Equatable {
    /// The stage that made it.
    public var stage: String
    public var parameters: Int
    public var sizes: WeightSizes?
    public var domains: [Domain] = []
    public var tasks: [Task] = []
    public var speed: MeasuredSpeed?
    /// The most bytes that were resident at once while it was measured.
    public var peakMemoryBytes: Int?
    /// Bytes that one token leaves in the key-value cache.
    public var cacheBytesPerToken: Int?

    public init(stage: String, parameters: Int) {
        self.stage = stage
        self.parameters = parameters
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
}
