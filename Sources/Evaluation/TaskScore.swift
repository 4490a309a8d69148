/// What a model scored on a task.
public struct TaskScore: Codable, Sendable, Equatable {
    public var task: String
    public var split: TaskSplit
    /// What the task is reported by.
    public var metric: TaskMetric
    /// What guessing scores on average; 0 for free text.
    public var chance: Double
    /// In the order of the task's questions.
    public var questions: [Question]

    /// One question.
    public struct Question: Codable, Sendable, Equatable {
        public var id: String
        /// Nats of each choice; of LAMBADA's one word.
        public var logLikelihoods: [Double]
        public var isCorrect: Bool
        /// As `isCorrect` with log-likelihoods by length; nil where the task has no such metric.
        public var isCorrectNormalised: Bool?
    }

    public var accuracy: Proportion { Proportion(questions.map(\.isCorrect)) }
    /// Nil where the task has no such metric.
    public var normalisedAccuracy: Proportion? {
        let outcomes = questions.compactMap(\.isCorrectNormalised)
        return metric == .normalisedAccuracy ? Proportion(outcomes) : nil
    }
    /// By the task's own metric.
    public var result: Proportion { normalisedAccuracy ?? accuracy }

    /// Whether chance lies inside the interval, so that the result says nothing.
    public var isWithinChance: Bool { result.interval?.contains(chance) ?? true }

    /// The result in words: `piqa acc_norm 0.612 (0.581 to 0.642, chance 0.500, 930 questions)`.
    public var sentence: String {
        func short(_ value: Double) -> String {
            let thousandths = Int((value * 1000).rounded())
            let digits = String(thousandths % 1000)
            return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
        }
        let result = result
        guard let value = result.value, let interval = result.interval else { return "\(task): no questions" }
        return "\(task) \(metric.rawValue) \(short(value)) (\(short(interval.lowerBound)) to "
            + "\(short(interval.upperBound)), chance \(short(chance)), \(result.count) questions)"
    }

    /// The form of `measurements.json`.
    public var measurement: Measurements.Task {
        Measurements.Task(
            task: task, metric: metric.rawValue, chance: chance, split: split,
            items: questions.map {
                Measurements.Item(id: $0.id, correct: $0.isCorrect, correctNorm: $0.isCorrectNormalised)
            })
    }
}
