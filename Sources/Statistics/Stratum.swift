/// The rows of one domain, or the questions of one task, measured for several models.
public struct Stratum: Sendable, Equatable {
    /// The domain or task.
    public var name: String
    /// What each row counts: its predicted tokens, or 1 for a question.
    public var weights: [Double]
    /// `[model][row]`: each row's sum for each model, nats of all its tokens or 1 for a right answer.
    public var sums: [[Double]]

    public init(name: String, weights: [Double], sums: [[Double]]) {
        precondition(sums.allSatisfy { $0.count == weights.count }, "every model has a sum for every row")
        self.name = name
        self.weights = weights
        self.sums = sums
    }

    /// The ratio of a model's sums to the weights: nats per token, or the share of right answers.
    public func mean(of model: Int) -> Double { sums[model].reduce(0, +) / weights.reduce(0, +) }
}
