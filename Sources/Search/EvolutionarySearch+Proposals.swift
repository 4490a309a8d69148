internal import Corpus

extension EvolutionarySearch {
    /// What the current round measures, after the rounds before it gave `rows`; nothing when the space has no more.
    mutating func proposals(after rows: [MeasuredCandidate], with evaluator: some CandidateEvaluator) -> [Proposal] {
        let seen = Set(rows.map(\.genome))
        let known = rows.filter(\.isComparable)
        predictors = []
        var proposals: [Proposal] = []
        switch method {
        case .random: break
        case .nsga2: proposals = offspring(of: known, unless: seen, with: evaluator)
        case .linas where known.count >= PredictorChoice.leastSamples:
            let search = predictedSearch(known, with: evaluator)
            predictors = search.predictors.map(\.report)
            var stream = RandomStream(seed: seed, name: "search/predicted-\(round)")
            proposals = search.proposals(unless: seen, using: &stream)
        case .linas: break
        }
        var stream = RandomStream(seed: seed, name: "search/random-\(round)")
        let missing = population - proposals.count
        let taken = seen.union(proposals.map(\.genome))
        let random =
            evaluator.violation.map { space.randomGenomes(missing, unless: taken, without: $0, using: &stream) }
            ?? space.randomGenomes(missing, unless: taken, using: &stream)
        return proposals + random.map { Proposal(genome: $0, method: .random) }
    }

    /// The children of what survived the rounds so far; none when fewer than two did.
    private func offspring(
        of rows: [MeasuredCandidate], unless seen: Set<Genome>, with evaluator: some CandidateEvaluator
    ) -> [Proposal] {
        var algorithm = GeneticAlgorithm(
            variation: IntegerVariation(space: space), size: population, width: objectives.count)
        for past in 0..<round {
            let newcomers = rows.filter { $0.round == past }
            var stream = RandomStream(seed: seed, name: "search/survival-\(past)")
            algorithm.survive(
                with: newcomers.flatMap(\.genome.genes), newcomers.flatMap { objectives.minimised($0.scores) },
                using: &stream)
        }
        guard algorithm.count > 1 else { return [] }
        var stream = RandomStream(seed: seed, name: "search/offspring-\(round)")
        let violation = evaluator.violation
        return algorithm.offspring(population, using: &stream) {
            let genome = Genome(Array($0))
            return seen.contains(genome) || (violation?(genome) ?? 0) > 0
        }
        .genomes(space.geneCount).map { Proposal(genome: $0, method: .offspring) }
    }

    /// A predictor for each measured objective, learnt from what `rows` say, turned so that smaller is better.
    private func predictedSearch(_ rows: [MeasuredCandidate], with evaluator: some CandidateEvaluator)
        -> PredictedSearch
    {
        let code = OneHotCode(space: space)
        let genes = rows.flatMap(\.genome.genes)
        let predictors = objectives.enumerated().filter { $1.source == .measured }.map { index, objective in
            PredictorChoice.best(
                objective: objective.name, genes: genes, values: rows.map { objective.minimised($0.scores[index]) },
                code: code, using: RandomStream(seed: seed, name: "search/folds-\(round)/\(objective.name)"))
        }
        return PredictedSearch(
            space: space, objectives: objectives, predictors: predictors, computed: evaluator.computedScores,
            violation: evaluator.violation, population: population, evaluations: predictions)
    }
}
