/// What one rank has of a step.
struct RankSummary: Codable, Equatable {
    /// What each of its micro-batches gave, in order.
    var parts: [StepSummary] = []
    /// The gradient norm of each clip group.
    var norms: [Double] = []
}

/// What some rows gave in a step, as sums: those of all micro-batches add up to the step's.
struct StepSummary: Codable, Equatable {
    /// The rows of one domain.
    struct Domain: Codable, Equatable {
        var nats = 0.0
        var tokens = 0
    }

    /// Nats of all rows.
    var nats = 0.0
    /// By the domain's index in the corpus.
    var domains: [Int: Domain] = [:]
    /// How many rows have a loss that is not finite.
    var badRows = 0
    /// Nats per counted token of the regulariser, summed by shares.
    var regulariser = 0.0
    /// The objective's scalars, averaged by shares.
    var scalars: [String: Double] = [:]
    /// The rows by the domain's index, in order, where they are to be listed.
    var rows: [Int: [Int]]?
    /// The gradient norm of each clip group, of the whole step.
    var norms: [Double] = []

    /// The sum of what all ranks have, micro-batch by micro-batch in their order, which no number of ranks changes.
    /// - Parameter isNormOfPart: Each rank's norms are those of its own part of the gradients; otherwise of all of them, on
    ///   each rank the same.
    static func joined(_ all: [RankSummary], isNormOfPart: Bool) -> StepSummary {
        var sum = StepSummary()
        sum.norms = all.first?.norms ?? []
        if isNormOfPart {
            for index in sum.norms.indices {
                sum.norms[index] = all.reduce(0) { $0 + $1.norms[index] * $1.norms[index] }.squareRoot()
            }
        }
        for other in all.flatMap(\.parts) {
            sum.nats += other.nats
            sum.badRows += other.badRows
            sum.regulariser += other.regulariser
            for (domain, found) in other.domains {
                sum.domains[domain, default: Domain()].nats += found.nats
                sum.domains[domain, default: Domain()].tokens += found.tokens
            }
            sum.scalars.merge(other.scalars) { $0 + $1 }
            if let rows = other.rows { sum.rows = (sum.rows ?? [:]).merging(rows) { $0 + $1 } }
        }
        return sum
    }

    /// The rows of each domain, by name.
    func rows(names: [String]) -> [String: [Int]]? {
        rows.map { Dictionary($0.map { (names[$0], $1) }) { first, _ in first } }
    }

    /// Nats per counted token of each domain that has counted tokens.
    func domainLosses(names: [String]) -> [String: Double] {
        var losses: [String: Double] = [:]
        for (domain, sum) in domains where sum.tokens > 0 { losses[names[domain]] = sum.nats / Double(sum.tokens) }
        return losses
    }
}
