internal import Statistics

/// A share of questions, with how sure it is.
public struct Proportion: Codable, Sendable, Equatable {
    public var successes: Int
    public var count: Int

    public init(successes: Int, of count: Int) {
        self.successes = successes
        self.count = count
    }

    /// The share of `true`.
    public init(_ outcomes: [Bool]) { self.init(successes: outcomes.count { $0 }, of: outcomes.count) }

    /// Between 0 and 1; nil without a question.
    public var value: Double? { count > 0 ? Double(successes) / Double(count) : nil }

    /// The standard error of the mean, from the sample deviation (divided by n - 1) as lm-evaluation-harness states it;
    /// nil with fewer than 2 questions.
    public var standardError: Double? {
        guard count > 1, let value else { return nil }
        return (value * (1 - value) / Double(count - 1)).squareRoot()
    }

    /// Wilson's 95 percent interval (1927): unlike value plus or minus twice the error it stays within 0 and 1 and is
    /// right near the ends; nil without a question.
    public var interval: ClosedRange<Double>? {
        Interval.wilson(successes: successes, of: count).map { $0.low...$0.high }
    }
}
