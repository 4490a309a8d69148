/// A row of a journal as text.
enum JournalRow {
    /// The names of the columns.
    static func columns(_ objectives: [SearchObjective]) -> [String] {
        ["id", "genome"] + objectives.map(\.name) + ["round", "method", "seconds"]
    }

    /// The row of an evaluation, without a line end.
    static func text(_ evaluation: MeasuredCandidate) -> String {
        let scores = evaluation.scores.map { "\($0)" }
        return
            (["\(evaluation.id)", evaluation.genome.description] + scores
            + ["\(evaluation.round)", evaluation.method.rawValue, "\(evaluation.seconds)"]).joined(separator: ",")
    }

    /// The evaluation of a row, or what is wrong with it.
    static func parsed(_ line: Substring, id: Int, columnCount: Int) -> Result<MeasuredCandidate, Damage> {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard fields.count == columnCount else {
            return .failure(Damage("\(fields.count) columns where there are \(columnCount)"))
        }
        guard Int(fields[0]) == id else { return .failure(Damage("id '\(fields[0])' where \(id) follows")) }
        guard let genome = Genome(fields[1]) else { return .failure(Damage("'\(fields[1])' is no genome")) }
        let scores = fields[2..<(columnCount - 3)].compactMap { Double($0) }
        let last = fields.suffix(3).map { $0 }
        guard scores.count == columnCount - 5, let round = Int(last[0]), round >= 0,
            let method = MeasuredCandidate.Method(rawValue: last[1]), let seconds = Double(last[2])
        else { return .failure(Damage("a score, round, method or time that is none")) }
        return .success(
            MeasuredCandidate(id: id, genome: genome, scores: scores, round: round, method: method, seconds: seconds))
    }

    /// What is wrong with a row.
    struct Damage: Error {
        let reason: String

        init(_ reason: String) { self.reason = reason }
    }
}
