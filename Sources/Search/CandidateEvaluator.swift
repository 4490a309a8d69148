/// What a search asks about candidates; the one extension point of this module.
public protocol CandidateEvaluator {
    associatedtype Failure: Error

    /// Measures candidates.
    /// - Parameter genomes: Canonical genomes, none of them measured before in this search.
    /// - Returns: For each genome one value per *measured* objective, in the objectives' order; a value that is not
    ///   finite says that this candidate has none.
    mutating func scores(_ genomes: [Genome]) throws(Failure) -> [[Double]]

    /// The values of the *computed* objectives, in the objectives' order; finite, and the same at each call.
    ///
    /// Asked some ten thousand times a round.
    func computedScores(_ genome: Genome) -> [Double]

    /// How far a genome is from what may be measured, 0 for one that may; nil when all may. Asked as often as
    /// `computedScores`. Without a default, so that an evaluator around another cannot forget the other's limits.
    var violation: ((Genome) -> Double)? { get }
}

extension CandidateEvaluator {
    /// For searches without a computed objective.
    public func computedScores(_ genome: Genome) -> [Double] { [] }
}
