internal import Glibc

/// How far two lists of numbers agree in order.
public enum RankCorrelation {
    /// Kendall's tau-b: 1 for the same order, -1 for the opposite one; 0 where one list is all equal. `O(n²)`.
    public static func kendall(_ one: [Double], _ other: [Double]) -> Double {
        precondition(one.count == other.count, "lists of different lengths have no rank correlation")
        var concordance = 0
        var pairs = (one: 0, other: 0)
        for later in one.indices {
            for earlier in 0..<later {
                let steps = (sign(one[later] - one[earlier]), sign(other[later] - other[earlier]))
                concordance += steps.0 * steps.1
                pairs.one += abs(steps.0)
                pairs.other += abs(steps.1)
            }
        }
        guard pairs.one > 0, pairs.other > 0 else { return 0 }
        return Double(concordance) / (Double(pairs.one) * Double(pairs.other)).squareRoot()
    }

    private static func sign(_ difference: Double) -> Int {
        (difference > 0 ? 1 : 0) - (difference < 0 ? 1 : 0)
    }
}
