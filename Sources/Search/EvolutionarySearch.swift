internal import Corpus

/// A search by rounds: each proposes a population of genomes not measured before, which are then measured one by one.
///
/// What a round proposes is a function of the settings, the seed and the rounds before it. So a search can be encoded at
/// any evaluation, or made again from the rows of its journal, and goes on as if it had not been interrupted; and how many
/// evaluations it is given changes none of those before.
public struct EvolutionarySearch: Codable, Sendable {
    public let space: SearchSpace
    public let objectives: [SearchObjective]
    public let method: SearchMethod
    /// The number of genomes of a round.
    public let population: Int
    /// For LINAS: how many genomes a round predicts.
    public let predictions: Int
    public let seed: UInt64
    /// Everything measured, in order.
    public internal(set) var archive: [MeasuredCandidate] = []
    /// The predictors of the current round; none in a round that needs none.
    public internal(set) var predictors: [PredictorReport] = []
    /// The current round, counted from 0, and what is left of it.
    var round = -1
    var queue: [Proposal] = []

    /// - Throws: `SearchError.invalidArgument` when the objectives are not two or three of different names, a computed one
    ///   is not beside a measured one, or a round has fewer than two genomes.
    public init(
        space: SearchSpace, objectives: [SearchObjective], method: SearchMethod, population: Int = 50,
        predictions: Int = 20_000, seed: UInt64
    ) throws(SearchError) {
        try objectives.check()
        guard objectives.contains(where: { $0.source == .measured }) else {
            throw .invalidArgument(
                reason: "Every objective is computed from the genome alone", remedy: "name one that is measured")
        }
        guard population >= 2, predictions >= population else {
            throw .invalidArgument(
                reason: "A search has rounds of \(population) genomes and \(predictions) predictions",
                remedy: "give at least 2 genomes, and no fewer predictions than genomes")
        }
        self.space = space
        self.objectives = objectives
        self.method = method
        self.population = population
        self.predictions = predictions
        self.seed = seed
    }

    /// Measures until `evaluations` genomes are in the archive, or the space has no more.
    /// - Parameters:
    ///   - batch: How many genomes the evaluator is given at once; it does not change which.
    ///   - record: Called after each batch for each of its evaluations, such as to write a journal.
    /// - Throws: What `evaluator` or `record` throws; the search is then as after the last whole batch.
    public mutating func run<V: CandidateEvaluator>(
        evaluations: Int, with evaluator: inout V, batch: Int = 1,
        record: (MeasuredCandidate) throws(V.Failure) -> Void
    ) throws(V.Failure) {
        while archive.count < evaluations {
            if queue.isEmpty {
                round += 1
                queue = proposals(after: archive, with: evaluator)
            }
            if queue.isEmpty { return }
            let asked = queue.prefix(min(max(batch, 1), evaluations - archive.count))
            let start = ContinuousClock.now
            let measured = try evaluator.scores(asked.map(\.genome))
            precondition(
                measured.count == asked.count, "an evaluator gives scores for each genome that it is asked for")
            let seconds = (ContinuousClock.now - start) / .seconds(1) / Double(asked.count)
            for (proposal, measured) in zip(asked, measured) {
                archive.append(
                    MeasuredCandidate(
                        id: archive.count, genome: proposal.genome,
                        scores: objectives.merged(
                            measured: measured, computed: evaluator.computedScores(proposal.genome)),
                        round: round, method: proposal.method, seconds: (seconds * 1e3).rounded() / 1e3))
            }
            queue.removeFirst(asked.count)
            for evaluation in archive.suffix(asked.count) { try record(evaluation) }
        }
    }

    /// Measures until `evaluations` genomes are in the archive, or the space has no more, and keeps no journal.
    /// - Throws: What `evaluator` throws.
    public mutating func run<V: CandidateEvaluator>(
        evaluations: Int, with evaluator: inout V, batch: Int = 1
    ) throws(V.Failure) {
        try run(evaluations: evaluations, with: &evaluator, batch: batch) { (_: MeasuredCandidate) throws(V.Failure) in
        }
    }
}
