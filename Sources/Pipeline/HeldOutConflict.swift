internal import Evaluation
internal import Glibc

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
        var packs: [StageID: PackSpec] = [:]
        for stage in stages { packs[stage.id] = stage.spec as? PackSpec }
        var conflicts: [HeldOutConflict] = []
        for stage in stages {
            var before: [StageDeclaration] = []
            for need in stage.spec.needs {
                for search in searches[need.stage] ?? [] where !before.contains(search) { before.append(search) }
            }
            if let use = stage.spec.heldOut, use.purpose == .report {
                for search in before { conflicts += between(stage, use, search, packs) }
            }
            searches[stage.id] = before + (stage.spec.heldOut?.purpose == .search ? [stage] : [])
        }
        return conflicts
    }

    private static func between(
        _ stage: StageDeclaration, _ use: HeldOutUse, _ search: StageDeclaration, _ packs: [StageID: PackSpec]
    ) -> [HeldOutConflict] {
        guard let seen = search.spec.heldOut else { return [] }
        var conflicts: [HeldOutConflict] = []
        for own in use.corpora {
            for other in seen.corpora {
                if own.data != other.data {
                    guard let reason = shared(own, other, packs) else { continue }
                    conflicts.append(
                        HeldOutConflict(
                            stage: stage, key: own.key,
                            reason: "reports on \(own.rows) of each domain of '\(own.data)', and the search "
                                + "'\(search.id)' has chosen by \(other.rows) of '\(other.data)', \(reason)"))
                    continue
                }
                guard own.rows.overlaps(other.rows) else { continue }
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
            where place(own.path) == place(other.path)
                && (own.split == other.split || own.split == .all || other.split == .all)
            {
                conflicts.append(
                    HeldOutConflict(
                        stage: stage, key: own.key,
                        reason: "reports on the split '\(own.split.rawValue)' of \(own.path), and the search "
                            + "'\(search.id)' has chosen by '\(other.split.rawValue)'; state split: report"))
            }
        }
        return conflicts
    }

    /// Why rows of two packs may be the same text, as a clause; nil when they are not. Packs that only differ in the length
    /// of their rows are compared by tokens; rows of others cannot be told apart.
    private static func shared(
        _ own: HeldOutUse.Corpus, _ other: HeldOutUse.Corpus, _ packs: [StageID: PackSpec]
    ) -> String? {
        guard let one = packs[own.data], let two = packs[other.data], place(one.manifest) == place(two.manifest) else {
            return nil
        }
        var alike = one
        alike.manifest = two.manifest
        alike.sequenceLength = two.sequenceLength
        guard alike == two else {
            return "another pack of the same manifest, whose rows cannot be told from these; report on the pack "
                + "'\(other.data)'"
        }
        guard own.rows.scaled(by: one.sequenceLength).overlaps(other.rows.scaled(by: two.sequenceLength)) else {
            return nil
        }
        return "the same text, packed from the same manifest; report on later rows"
    }

    /// A path as the file system knows it, so that two ways to write it are one; as far as it can be told where nothing is.
    private static func place(_ path: String) -> String {
        if let resolved = realpath(path, nil) {
            defer { free(resolved) }
            return String(cString: resolved)
        }
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}
