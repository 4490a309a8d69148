/// One candidate that was measured: a row of a search's archive and of its journal.
public struct MeasuredCandidate: Codable, Sendable, Equatable {
    /// How a genome came to be measured.
    public enum Method: String, Codable, Sendable {
        /// Drawn at random.
        case random
        /// A child of measured parents.
        case offspring
        /// Among the last population of a search on predictions.
        case predicted
        /// Filled in for a predicted one that had been measured before.
        case refill
    }

    /// Its place in the archive, counted from 0.
    public let id: Int
    /// The candidate, in canonical form.
    public let genome: Genome
    /// One value per objective, in the objectives' order and units. Not finite where measuring gave no number.
    public let scores: [Double]
    /// The round that proposed it, counted from 0.
    public let round: Int
    /// How it came to be measured.
    public let method: Method
    /// How long measuring took, in seconds.
    public let seconds: Double

    public init(id: Int, genome: Genome, scores: [Double], round: Int, method: Method, seconds: Double) {
        self.id = id
        self.genome = genome
        self.scores = scores
        self.round = round
        self.method = method
        self.seconds = seconds
    }

    /// Whether every score is a number, so that it can be compared with others.
    public var isComparable: Bool { scores.allSatisfy(\.isFinite) }
}
