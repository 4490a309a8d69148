internal import Corpus

/// NSGA-II over real variables, for the published test problems that hold this module's machinery to its peers.
public struct RealSearch: Sendable {
    /// The bounds of each variable.
    public let lower: [Double]
    public let upper: [Double]
    /// The number of scores of a point, all minimised.
    public let objectiveCount: Int

    public init(lower: [Double], upper: [Double], objectiveCount: Int) {
        precondition(lower.count == upper.count && !lower.isEmpty && objectiveCount > 0, "a problem without variables")
        self.lower = lower
        self.upper = upper
        self.objectiveCount = objectiveCount
    }

    /// The scores of the last population, after `generations` of `population` evaluations each.
    /// - Parameter evaluate: The scores of the variables of one point.
    public func minimised(
        population: Int, generations: Int, seed: UInt64, _ evaluate: (ArraySlice<Double>) -> [Double]
    ) -> [[Double]] {
        var stream = RandomStream(seed: seed, name: "search/real")
        var algorithm = GeneticAlgorithm(
            variation: RealVariation(lower: lower, upper: upper), size: population, width: objectiveCount)
        for generation in 0..<generations {
            let points =
                generation == 0
                ? algorithm.drawn(population, using: &stream) : algorithm.offspring(population, using: &stream)
            let scores = stride(from: 0, to: points.count, by: lower.count).flatMap {
                evaluate(points[$0..<($0 + lower.count)])
            }
            algorithm.survive(with: points, scores, using: &stream)
        }
        return stride(from: 0, to: algorithm.scores.count, by: objectiveCount).map {
            Array(algorithm.scores[$0..<($0 + objectiveCount)])
        }
    }
}
