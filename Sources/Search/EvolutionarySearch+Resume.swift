extension EvolutionarySearch {
    /// Goes on from the evaluations of a journal: the archive is then `rows`, and what follows is what would have followed.
    /// - Parameter rows: All evaluations of an earlier run with the same settings, or the first ones of them.
    /// - Throws: `SearchError.foreignEvaluation` at the first row that this search would not have made. Of the genomes of
    ///   rounds before the last it is asked only whether they are new ones of the space.
    public mutating func resume(
        _ rows: [MeasuredCandidate], with evaluator: some CandidateEvaluator
    ) throws(SearchError) {
        var seen: Set<Genome> = []
        for (id, row) in rows.enumerated() {
            let round = id == 0 ? 0 : rows[id - 1].round
            try require(row, row.id == id, "at place \(row.id)", "place \(id)")
            try require(
                row, id == 0 ? row.round == 0 : [round, round + 1].contains(row.round), "of round \(row.round)",
                "round \(round)")
            try require(row, space.contains(row.genome), row.genome.description, "a genome of its space")
            try require(row, seen.insert(row.genome).inserted, row.genome.description, "a genome not measured before")
            try require(row, row.scores.count == objectives.count, "\(row.scores.count) scores", "\(objectives.count)")
            let computed = evaluator.computedScores(row.genome)
            let found = zip(objectives, row.scores).filter { $0.0.source == .computed }.map(\.1)
            try require(row, found == computed, "with computed scores \(found)", "\(computed)")
        }
        round = rows.last?.round ?? -1
        queue = []
        archive = rows
        guard !rows.isEmpty else { return }
        let start = rows.firstIndex { $0.round == round } ?? rows.count
        let proposals = proposals(after: Array(rows[..<start]), with: evaluator)
        for (place, row) in rows[start...].enumerated() {
            let proposal = place < proposals.count ? proposals[place] : nil
            try require(
                row, proposal == Proposal(genome: row.genome, method: row.method),
                "\(row.genome) (\(row.method.rawValue))",
                proposal.map { "\($0.genome) (\($0.method.rawValue))" } ?? "no more of round \(round)")
        }
        queue = Array(proposals.dropFirst(rows.count - start))
    }

    private func require(
        _ row: MeasuredCandidate, _ holds: Bool, _ found: @autoclosure () -> String,
        _ expected: @autoclosure () -> String
    ) throws(SearchError) {
        guard holds else { throw .foreignEvaluation(id: row.id, found: found(), expected: expected()) }
    }
}
