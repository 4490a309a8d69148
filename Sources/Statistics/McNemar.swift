internal import Glibc

/// The exact test of two models that answered the same questions: of the questions that only one of them got right, is
/// the split further from even than chance explains?
///
/// McNemar (1947) in its exact form: under the null hypothesis the count is binomial with share 1/2.
public struct McNemar: Codable, Sendable, Hashable {
    /// Questions that only the first model got right.
    public var onlyFirst: Int
    /// Questions that only the second model got right.
    public var onlySecond: Int

    public init(onlyFirst: Int, onlySecond: Int) {
        self.onlyFirst = onlyFirst
        self.onlySecond = onlySecond
    }

    enum CodingKeys: String, CodingKey {
        case onlyFirst = "only_first"
        case onlySecond = "only_second"
    }

    /// Counts the questions on which two models disagree; both lists are in the same order.
    public init(first: [Bool], second: [Bool]) {
        precondition(first.count == second.count, "McNemar's test wants the same questions for both models")
        self.init(
            onlyFirst: zip(first, second).count { $0 && !$1 }, onlySecond: zip(first, second).count { !$0 && $1 })
    }

    /// The two-sided p-value, 0 to 1; 1 when the models disagree nowhere.
    public var probability: Double {
        let trials = onlyFirst + onlySecond
        let fewer = min(onlyFirst, onlySecond)
        guard trials > 0, 2 * fewer != trials else { return 1 }
        // Sums the smaller tail from its largest term down; logarithms keep 2^-n from vanishing.
        var logarithm = lgamma(Double(trials + 1)) - lgamma(Double(fewer + 1)) - lgamma(Double(trials - fewer + 1))
        logarithm -= Double(trials) * 0.6931471805599453
        var term = 1.0
        var sum = 0.0
        for count in stride(from: fewer, through: 0, by: -1) {
            sum += term
            term *= Double(count) / Double(trials - count + 1)
        }
        return min(1, 2 * exp(logarithm) * sum)
    }
}
