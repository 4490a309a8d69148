/// One set of weights and where it came into force.
public struct MixtureChange: Codable, Sendable, Equatable {
    /// The first step that it holds for.
    public let step: Int
    /// The weights, with sum 1.
    public let weights: MixtureWeights
    /// The state at the start of that step.
    public let state: MixtureState
}

/// Where a loader stands before a step: with the corpus and the seed, all that later batches depend on.
///
/// Its size is a few bytes per domain and change of weights, whatever the number of rows.
public struct LoaderPosition: Codable, Sendable, Equatable {
    /// The fingerprint of the corpus.
    public let corpus: String
    /// The seed of the rows' order.
    public let seed: UInt64
    /// The rows of a step.
    public let batchRows: Int
    /// What happens to a domain without rows left.
    public let exhausted: ExhaustionPolicy
    /// The step that comes next.
    public let step: Int
    /// The state at the start of that step.
    public let state: MixtureState
    /// All weights so far, by step.
    public let history: [MixtureChange]
}
