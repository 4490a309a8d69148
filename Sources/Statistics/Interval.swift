/// A two-sided interval of a real number.
public struct Interval: Codable, Sendable, Hashable {
    public var low: Double
    public var high: Double

    public init(low: Double, high: Double) {
        self.low = low
        self.high = high
    }

    /// Whether a value lies inside, ends included.
    public func contains(_ value: Double) -> Bool { low <= value && value <= high }

    /// The Wilson score interval of a proportion: `successes` of `trials`, at 95 percent.
    ///
    /// Wilson (1927); Newcombe (1998), "Two-sided confidence intervals for the single proportion", method 3. Unlike the
    /// interval of the normal approximation it stays inside 0...1 and holds its coverage for shares near the ends.
    /// - Returns: nil without trials.
    public static func wilson(successes: Int, of trials: Int) -> Interval? {
        guard trials > 0 else { return nil }
        let n = Double(trials)
        let z = 1.959963984540054
        let share = Double(successes) / n
        let centre = share + z * z / (2 * n)
        let half = z * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        let scale = 1 + z * z / n
        // The ends are exact where arithmetic would leave a last bit.
        return Interval(
            low: successes == 0 ? 0 : max(0, (centre - half) / scale),
            high: successes == trials ? 1 : min(1, (centre + half) / scale))
    }
}
