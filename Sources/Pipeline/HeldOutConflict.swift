internal import Evaluation

/// A stage that reports on what a search before it has looked at.
struct HeldOutConflict {
    /// The stage that reports, and the key below its `with:`.
    let stage: StageDeclaration
    let key: String
    let reason: String

    /// Every conflict between the stages of a file, which come after what they read.
    static func all(in stages: [StageDeclaration]) -> [HeldOutConflict] {
        // The searches that each stage rests on.
        var searches: [StageID: [StageDeclaration]] = [:]
        var conflicts: [HeldOutConflict] = []
        for stage in stages {
            var before: [StageDeclaration] = []
            for need in stage.spec.needs {
                for search in searches[need.stage] ?? [] where !before.contains(search) { before.append(search) }
            }
            if let use = stage.spec.heldOut, use.purpose == .report {
                for search in before { conflicts += between(stage, use, search) }
            }
            searches[stage.id] = before + (stage.spec.heldOut?.purpose == .search ? [stage] : [])
        }
        return conflicts
    }

    private static func between(
        _ stage: StageDeclaration, _ use: HeldOutUse, _ search: StageDeclaration
    ) -> [HeldOutConflict] {
        guard let seen = search.spec.heldOut else { return [] }
        var conflicts: [HeldOutConflict] = []
        for own in use.corpora {
            for other in seen.corpora where own.data == other.data && own.rows.overlaps(other.rows) {
                let rest = other.rows.count.map { "state rows: { from: \(other.rows.from + $0) }" }
                conflicts.append(
                    HeldOutConflict(
                        stage: stage, key: own.key,
                        reason: "reports on \(own.rows) of each domain of '\(own.data)', and the search "
                            + "'\(search.id)' has chosen by \(other.rows); "
                            + (rest ?? "leave rows for the report by giving the search's rows a count")))
            }
        }
        for own in use.tasks {
            for other in seen.tasks
            where own.path == other.path && (own.split == other.split || own.split == .all || other.split == .all) {
                conflicts.append(
                    HeldOutConflict(
                        stage: stage, key: own.key,
                        reason: "reports on the split '\(own.split.rawValue)' of \(own.path), and the search "
                            + "'\(search.id)' has chosen by '\(other.split.rawValue)'; state split: report"))
            }
        }
        return conflicts
    }
}
