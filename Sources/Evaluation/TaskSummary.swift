/// A task's result in a few numbers, as tables show it.
public struct TaskSummary: Codable, Sendable, Equatable {
    public var task: String
    public var split: TaskSplit
    public var metric: TaskMetric
    public var questions: Int
    public var value: Double?
    public var standardError: Double?
    /// Wilson's 95 percent interval.
    public var low: Double?
    public var high: Double?
    public var chance: Double
    /// Whether chance lies inside the interval: then the value says nothing.
    public var isWithinChance: Bool

    public init(_ score: TaskScore) {
        let result = score.result
        task = score.task
        split = score.split
        metric = score.metric
        questions = result.count
        value = result.value
        standardError = result.standardError
        low = result.interval?.lowerBound
        high = result.interval?.upperBound
        chance = score.chance
        isWithinChance = score.isWithinChance
    }

    enum CodingKeys: String, CodingKey {
        case task, split, metric, questions, value
        case standardError = "standard_error"
        case low, high, chance
        case isWithinChance = "within_chance"
    }
}
