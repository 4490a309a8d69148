public import Statistics

/// What models scored, row by row and question by question: `measurements.json` of an `evaluate` stage, from which
/// paired statistics are made. Parts that were not measured are absent.
public struct Measurements: Codable, Sendable, Equatable {
    /// The only schema there is.
    public static let currentSchema = 1
    public var schema: Int
    /// The models in the order in which they were named.
    public var models: [Model]

    public init(models: [Model]) {
        schema = Measurements.currentSchema
        self.models = models
    }

    /// One model. Rows, questions and their order are the same in all models of one file.
    public struct Model: Codable, Sendable, Equatable {
        /// The stage that made it, and its artifact's fingerprint.
        public var stage: String
        public var fingerprint: String
        /// Weights of its architecture, whatever they are stored as.
        public var parameters: Int
        public var sizes: WeightSizes?
        public var domains: [Domain]?
        public var tasks: [Task]?
        public var throughput: MeasuredSpeed?
        /// The most bytes that its tensors took at once while its throughput was measured, its weights included.
        public var peakMemoryBytes: Int?
        /// Bytes of keys and values that one token leaves in the cache, in the compute type.
        public var keyValueBytesPerToken: Int?

        public init(stage: String, fingerprint: String, parameters: Int) {
            self.stage = stage
            self.fingerprint = fingerprint
            self.parameters = parameters
        }

        enum CodingKeys: String, CodingKey {
            case stage, fingerprint, parameters, sizes, domains, tasks, throughput
            case peakMemoryBytes = "peak_memory_bytes"
            case keyValueBytesPerToken = "kv_bytes_per_token"
        }
    }

    /// The rows of one domain, in the corpus's order.
    public struct Domain: Codable, Sendable, Equatable {
        public var domain: String
        /// Nats of each row, summed over its predicted tokens.
        public var rowSums: [Double]
        /// Predicted tokens of each row.
        public var rowTokens: [Int]

        public init(domain: String, rowSums: [Double], rowTokens: [Int]) {
            self.domain = domain
            self.rowSums = rowSums
            self.rowTokens = rowTokens
        }

        enum CodingKeys: String, CodingKey {
            case domain
            case rowSums = "row_sums"
            case rowTokens = "row_tokens"
        }
    }

    /// The questions of one task, in the file's order.
    public struct Task: Codable, Sendable, Equatable {
        public var task: String
        /// The metric that the task is reported by: `acc` or `acc_norm`.
        public var metric: String
        /// What guessing scores on average; 0 where the answer is free text.
        public var chance: Double
        /// Which questions were asked; a report refuses those that a search has seen.
        public var split: TaskSplit?
        public var items: [Item]

        public init(task: String, metric: String, chance: Double, split: TaskSplit? = nil, items: [Item]) {
            self.task = task
            self.metric = metric
            self.chance = chance
            self.split = split
            self.items = items
        }
    }

    /// One question.
    public struct Item: Codable, Sendable, Equatable {
        public var id: String
        /// Whether the likeliest choice is the right one (LAMBADA: whether the greedy word is).
        public var correct: Bool
        /// The same with log-likelihoods divided by the choices' lengths; absent where the task has no such metric.
        public var correctNorm: Bool?

        public init(id: String, correct: Bool, correctNorm: Bool? = nil) {
            self.id = id
            self.correct = correct
            self.correctNorm = correctNorm
        }

        enum CodingKeys: String, CodingKey {
            case id, correct
            case correctNorm = "correct_norm"
        }
    }
}
