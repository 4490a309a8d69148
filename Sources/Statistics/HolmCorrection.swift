/// Holm's step-down correction (1979) of p-values that belong to one family of tests.
public enum HolmCorrection {
    /// The adjusted p-values, in the order given: a test whose adjusted value is below a level is significant at that
    /// level for the family as a whole.
    public static func adjusted(_ probabilities: [Double]) -> [Double] {
        var adjusted = probabilities
        var largest = 0.0
        let order = probabilities.indices.sorted { probabilities[$0] < probabilities[$1] }
        for (rank, index) in order.enumerated() {
            largest = max(largest, min(1, probabilities[index] * Double(probabilities.count - rank)))
            adjusted[index] = largest
        }
        return adjusted
    }
}
