/// What a search has found, and how it got there: `front.json` of a search stage.
public struct SearchSummary: Codable, Sendable, Equatable {
    /// The only schema there is.
    public static let currentSchema = 1

    public let schema: Int
    public let method: SearchMethod
    public let seed: UInt64
    /// The number of genomes of a round, and of those measured in all.
    public let population: Int
    public let evaluations: Int
    /// The best of everything measured, with the reference point of all hypervolumes.
    public let front: ParetoFront
    /// The hypervolume after each evaluation, in order.
    public let hypervolumes: [Double]
    /// The predictors of the last round that had some.
    public let predictors: [PredictorReport]

    /// - Parameter reference: A value per objective; `EvolutionarySearch.reference(given:)` has some.
    /// - Throws: `SearchError.invalidArgument` when the reference does not fit the objectives.
    public init(_ search: EvolutionarySearch, reference: [Double]) throws(SearchError) {
        schema = Self.currentSchema
        method = search.method
        seed = search.seed
        population = search.population
        evaluations = search.archive.count
        predictors = search.predictors
        front = try ParetoFront(objectives: search.objectives, evaluations: search.archive, reference: reference)
        hypervolumes = try ParetoFront.hypervolumes(
            after: search.archive, objectives: search.objectives, reference: reference)
    }
}

extension EvolutionarySearch {
    /// A reference point: the given values, and for other objectives the worst of the first round and a twentieth of that
    /// round's range beyond it. Since all methods begin with the same population, their searches of one seed share it.
    /// - Throws: `SearchError.invalidArgument` when nothing in the first round can be compared.
    public func reference(given: [String: Double] = [:]) throws(SearchError) -> [Double] {
        let first = archive.filter { $0.round == 0 && $0.isComparable }
        var reference: [Double] = []
        for (index, objective) in objectives.enumerated() {
            if let value = given[objective.name] {
                reference.append(value)
                continue
            }
            let values = first.map { objective.minimised($0.scores[index]) }
            guard let worst = values.max(), let best = values.min() else {
                throw .invalidArgument(
                    reason: "No candidate of the first round has a score in every objective",
                    remedy: "look at the journal's scores, and give a reference for '\(objective.name)'")
            }
            reference.append(objective.minimised(worst + (worst - best) / 20))
        }
        return reference
    }
}
