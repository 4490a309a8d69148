internal import Corpus

/// One round of LINAS (Cummings et al. 2022): NSGA-II on predictions, whose last population is worth measuring.
struct PredictedSearch {
    let space: SearchSpace
    let objectives: [SearchObjective]
    /// One per measured objective, in the objectives' order, of values turned so that smaller is better.
    let predictors: [ScorePredictor]
    /// The values of the computed objectives of a genome.
    let computed: (Genome) -> [Double]
    /// How far a genome is from what may be measured; nil when all may.
    let violation: ((Genome) -> Double)?
    /// The size of the population, and how many genomes are predicted in all.
    let population: Int
    let evaluations: Int

    /// For every place to refill this many children are predicted.
    private static let refillChoice = 4

    /// Up to `population` genomes that are not `seen`, best predicted front first, then by room.
    ///
    /// What the last population has of seen ones is refilled by the best predicted of its unseen children.
    func proposals(unless seen: Set<Genome>, using stream: inout RandomStream) -> [Proposal] {
        var algorithm = GeneticAlgorithm(
            variation: IntegerVariation(space: space), size: population, width: objectives.count)
        let first =
            violation.map { space.randomGenomes(population, unless: [], without: $0, using: &stream).flatMap(\.genes) }
            ?? algorithm.drawn(population, using: &stream)
        algorithm.survive(with: first, scores(first), using: &stream)
        for _ in 1..<max(evaluations / population, 2) {
            let children = algorithm.offspring(population, using: &stream)
            if children.isEmpty { break }
            algorithm.survive(with: children, scores(children), using: &stream)
        }
        let ranked = ranked(algorithm).filter { !seen.contains($0) && isFeasible($0) }
        let missing = population - ranked.count
        guard missing > 0, algorithm.count > 1 else { return ranked.map { Proposal(genome: $0, method: .predicted) } }
        let children = algorithm.offspring(Self.refillChoice * missing, using: &stream) {
            seen.contains(Genome(Array($0))) || !isFeasible(Genome(Array($0)))
        }
        var refill = GeneticAlgorithm(variation: algorithm.variation, size: missing, width: objectives.count)
        refill.survive(with: children, scores(children), using: &stream)
        return ranked.map { Proposal(genome: $0, method: .predicted) }
            + self.ranked(refill).map { Proposal(genome: $0, method: .refill) }
    }

    /// The population by front, and inside a front by room; equal ones in the population's order.
    private func ranked(_ algorithm: GeneticAlgorithm<IntegerVariation>) -> [Genome] {
        let genomes = algorithm.genes.genomes(space.geneCount)
        var start = 0
        return algorithm.frontEnds.flatMap { end in
            defer { start = end }
            return (start..<end).sorted { one, other in
                let room = (algorithm.crowding[one], algorithm.crowding[other])
                return room.0 == room.1 ? one < other : room.0 > room.1
            }.map { genomes[$0] }
        }
    }

    private func isFeasible(_ genome: Genome) -> Bool { violation.map { $0(genome) == 0 } ?? true }

    /// The scores of each genome, predicted or computed, turned so that smaller is better. One that may not be measured
    /// gets its violation in all of them, far beyond any score: so it is dominated by all that may, and by those that
    /// violate less (constraint domination, Deb et al. 2002).
    private func scores(_ genes: [UInt8]) -> [Double] {
        let measured = objectives.filter { $0.source == .measured }
        let predictions = zip(measured, predictors).map { objective, predictor in
            predictor.values(genes).map { objective.minimised($0) }
        }
        return genes.genomes(space.geneCount).enumerated().flatMap { index, genome in
            if let violation = violation?(genome), violation > 0 {
                return [Double](repeating: 1e100 * (1 + violation), count: objectives.count)
            }
            return objectives.minimised(
                objectives.merged(measured: predictions.map { $0[index] }, computed: computed(genome)))
        }
    }
}
