/// Held-out rows whose losses decided the mixture of a stage. What was trained by them may look better there than it is, if
/// only a little: a report on them is noted, not refused.
public struct FollowedRows: Sendable, Equatable {
    /// The stage whose mixture followed them.
    public var stage: StageID
    /// The stage that packed them.
    public var data: StageID
    public var rows: RowRange

    /// Those that a stage's artifact rests on, its own among them.
    static func all(of declaration: StageDeclaration, after context: OutlookContext) -> [FollowedRows] {
        var found: [FollowedRows] = []
        for need in declaration.spec.needs {
            for followed in context[need.stage]?.followed ?? [] where !found.contains(followed) {
                found.append(followed)
            }
        }
        if let (data, training) = training(declaration.spec), training.mixture.dynamic != nil {
            let rows = RowRange(from: 0, count: training.evaluateRows == 0 ? nil : training.evaluateRows)
            found.append(FollowedRows(stage: declaration.id, data: data, rows: rows))
        }
        return found
    }

    private static func training(_ spec: any StageSpec) -> (data: StageID, training: TrainingSpec)? {
        if let spec = spec as? any TrainingStageSpec { return (spec.data, spec.training) }
        if let spec = spec as? PruneSpec { return spec.training.map { (spec.data, $0) } }
        return nil
    }

    /// What a reader of a report should know, for a stage that reports on some of them.
    static func notes(for use: HeldOutUse?, _ followed: [FollowedRows]) -> [String] {
        guard let use, use.purpose == .report else { return [] }
        return use.corpora.compactMap { own in
            let shared = followed.filter { $0.data == own.data && $0.rows.overlaps(own.rows) }
            guard let first = shared.first else { return nil }
            let end = shared.map { $0.rows.count ?? .max }.max() ?? .max
            let remedy =
                end == .max ? "give those stages evaluate_rows" : "state rows: { from: \(end) } to leave them out"
            return
                "reports on \(own.rows) of each domain of '\(own.data)', and the mixture of '\(first.stage)' followed "
                + "\(first.rows); \(remedy)"
        }
    }
}
