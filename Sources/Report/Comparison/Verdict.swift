internal import Statistics

/// Puts a comparison into words, and says no more than its intervals allow.
struct Verdict {
    private let comparison: Comparison

    init(_ comparison: Comparison) { self.comparison = comparison }

    var findings: [Finding] {
        losses + flips + tasks + speed + [cost] + recovery + [seeds]
    }

    // MARK: - Losses

    private var losses: [Finding] {
        guard let table = comparison.losses.last else { return [] }
        // Measures of size that leave the same arms are said in one sentence.
        var groups: [[SizeMatch]] = []
        for match in comparison.matches where !match.matched.isEmpty {
            if let index = groups.firstIndex(where: { $0[0].matched == match.matched }) {
                groups[index].append(match)
            } else {
                groups.append([match])
            }
        }
        var findings = groups.compactMap { group in
            against(
                group[0].matched, in: table,
                opening: "At equal \(Words.list(group.map(Verdict.size))), \(table.regime.label)")
        }
        findings += comparison.matches.filter(\.matched.isEmpty).compactMap(unmatched)
        if !comparison.matches.contains(where: { !$0.matched.isEmpty }) {
            let others = table.entries.map(\.arm).filter { $0 != comparison.reference }
            if let finding = against(others, in: table, opening: "Whatever their size, \(table.regime.label)") {
                findings.append(finding)
            }
        }
        return findings
    }

    private func unmatched(_ match: SizeMatch) -> Finding? {
        let others = match.entries.filter { $0.arm != match.reference }
        guard let nearest = others.min(by: { abs($0.ratio - 1) < abs($1.ratio - 1) }) else { return nil }
        return Finding(
            topic: .losses,
            text: "No arm is of \(match.reference)'s \(match.criterion.noun) (within "
                + "\(Numerals.percent(match.tolerance))): the nearest is \(nearest.arm), at "
                + "\(Numerals.signed((nearest.ratio - 1) * 100, 1)) %.", isDecided: false)
    }

    /// What can be said about the reference and others, the sure ones first.
    private func against(_ arms: [String], in table: LossTable, opening: String) -> Finding? {
        let reference = comparison.reference
        let pairs = arms.compactMap { table.pair(reference, $0) }
        guard !pairs.isEmpty else { return nil }
        func list(_ chosen: [LossTable.Pair], _ difference: (LossTable.Pair) -> String) -> String {
            Words.list(chosen.map { "\($0.second) (\(difference($0)))" })
        }
        let ahead = pairs.filter { $0.lower == reference }
        let behind = pairs.filter { $0.lower == $0.second }
        let open = pairs.filter { $0.lower == nil }
        var sentences: [String] = []
        if !ahead.isEmpty {
            sentences.append(
                "\(reference) ends lower than " + list(ahead) { Words.margin($0.difference, turned: true) })
        }
        if !behind.isEmpty {
            sentences.append("\(reference) ends higher than " + list(behind) { Words.margin($0.difference) })
        }
        if !open.isEmpty {
            sentences.append(
                "\(reference) cannot be told from " + list(open) { Words.margin($0.difference, isSigned: true) })
        }
        return Finding(
            topic: .losses, text: opening + ": " + sentences.joined(separator: "; ") + ".",
            isDecided: !ahead.isEmpty || !behind.isEmpty)
    }

    /// “parameters (86.5 M, within 1 %)”.
    private static func size(_ match: SizeMatch) -> String {
        let value = match.entries.first { $0.arm == match.reference }.map { match.criterion.text($0.value) } ?? "?"
        return "\(match.criterion.noun) (\(value), within \(Numerals.percent(match.tolerance)))"
    }

    // MARK: - Flips and tasks

    private var flips: [Finding] {
        let sure = comparison.flips.filter(\.isSure).map { flip in
            Finding(
                topic: .flips,
                text: "Recovery turns an order round: \(flip.earlier.label) \(flip.lowerEarlier) was lower than "
                    + "\(flip.lowerLater), \(flip.later.label) \(flip.lowerLater) is; both orders lie outside their "
                    + "intervals.", isDecided: true)
        }
        let open = comparison.flips.filter { !$0.isSure }
        guard !open.isEmpty else { return sure }
        let pairs = Words.list(open.map { "\($0.lowerEarlier) and \($0.lowerLater)" })
        return sure + [
            Finding(
                topic: .flips,
                text: "The order of \(pairs) is another one after recovery, but one of the two orders at least lies "
                    + "inside its interval, so that may be chance.", isDecided: false)
        ]
    }

    private var tasks: [Finding] {
        guard let regime = comparison.tasks.last?.regime else { return [] }
        let tables = comparison.tasks.filter { $0.regime == regime }
        var findings: [Finding] = []
        let silent = tables.filter { $0.entries.allSatisfy(\.isNearChance) }
        if !silent.isEmpty {
            let names = Words.list(silent.map { "\($0.task) (guessing scores \(Numerals.percent($0.chance)))" })
            findings.append(
                Finding(
                    topic: .tasks,
                    text: "No arm is above chance on \(names): what the arms score there tells nothing about them.",
                    isDecided: false))
        }
        let tests = tables.flatMap { table in table.entries.filter { $0.test != nil }.map { (table, $0) } }
        let below = tests.filter { $0.1.better != nil }
        // Where one of the two is above chance, that the other is not is what the test says.
        let decided = below.filter { table, entry in
            !entry.isNearChance || table[comparison.reference]?.isNearChance == false
        }
        for (table, entry) in decided {
            let own = table[comparison.reference]?.accuracy ?? 0
            findings.append(
                Finding(
                    topic: .tasks,
                    text: "On \(table.task) \(entry.arm) answers \(Numerals.percent(entry.accuracy, 1)) right, "
                        + "\(comparison.reference) \(Numerals.percent(own, 1)) ("
                        + "\(Numerals.probability(entry.adjusted ?? 1)) by McNemar's exact test after Holm's "
                        + "correction).", isDecided: true))
        }
        if decided.isEmpty, !tests.isEmpty {
            let count = Words.count(tests.count, "test")
            let reason =
                below.isEmpty
                ? "none of \(count) (McNemar, exact, after Holm's correction) falls below 0.05."
                : "of \(count) (McNemar, exact, after Holm's correction) \(below.count) "
                    + "\(below.count == 1 ? "falls" : "fall") below 0.05, between arms that are both near chance: on "
                    + Words.list(below.map { "\($0.0.task) (\($0.1.arm))" }) + "."
            findings.append(
                Finding(
                    topic: .tasks, text: "No task tells an arm from \(comparison.reference): \(reason)",
                    isDecided: false))
        }
        return findings
    }

    // MARK: - Speed, cost and what qualifies the rest

    private var speed: [Finding] {
        let timed = comparison.arms.compactMap { arm in arm.speed.map { (name: arm.arm.name, speed: $0) } }
        guard timed.count > 1,
            let fastest = timed.max(by: { $0.speed.decodeTokensPerSecond < $1.speed.decodeTokensPerSecond })
        else { return [] }
        let others = timed.filter { $0.name != fastest.name }
        let near = others.filter { other in
            fastest.speed.decodeTokensPerSecond / other.speed.decodeTokensPerSecond - 1
                <= max(fastest.speed.spread, other.speed.spread)
        }
        func rate(_ entry: (name: String, speed: MeasuredSpeed)) -> String {
            "\(entry.name) (\(Numerals.short(entry.speed.decodeTokensPerSecond)))"
        }
        var text =
            "Decoding \(Words.count(fastest.speed.rows, "sequence")) at once, \(rate(fastest)) gives the most tokens "
            + "per second"
        let clear = others.filter { other in !near.contains { $0.name == other.name } }
        if !clear.isEmpty { text += ", more than " + Words.list(clear.map(rate)) }
        if !near.isEmpty {
            text += "; \(Words.list(near.map(rate))) cannot be told from it, since repeats spread as far"
        }
        return [Finding(topic: .speed, text: text + ".", isDecided: !clear.isEmpty)]
    }

    private var cost: Finding {
        let sorted = comparison.ledger.arms.sorted {
            ($0.total.floatingPointOperations, $0.arm) < ($1.total.floatingPointOperations, $1.arm)
        }
        let list = Words.list(
            sorted.map { entry in
                "\(entry.arm) \(Numerals.operations(entry.total.floatingPointOperations)) and "
                    + Numerals.time(entry.total.processorSeconds)
            })
        return Finding(
            topic: .cost,
            text: "From the source on, with every stage an arm rests on, in operations and processor time: \(list).",
            isDecided: false)
    }

    private var recovery: [Finding] {
        let budget = comparison.recovery
        var sentences: [String] = []
        if budget.arms.count > 1 {
            if budget.isEqual {
                let tokens = Numerals.grouped(budget.arms.first?.trainedTokens ?? 0)
                sentences.append("All \(budget.arms.count) recovered arms saw \(tokens) tokens of recovery each.")
            } else {
                let list = Words.list(budget.arms.map { "\($0.arm) \(Numerals.grouped($0.trainedTokens))" })
                sentences.append(
                    "The arms did not recover on the same number of tokens (\(list)), so differences after recovery "
                        + "are not those of the methods alone.")
            }
            let keys = Words.list(budget.differences.map { "'\($0.key)'" })
            sentences.append(
                keys.isEmpty
                    ? "Their recovery stages are set alike." : "Their recovery stages are set differently in \(keys).")
        }
        let bare = comparison.arms.map(\.arm).filter { $0.before == nil && ![.dense, .quantized].contains($0.method) }
        if !bare.isEmpty, !budget.arms.isEmpty {
            sentences.append(
                "\(Words.list(bare.map(\.name))) had no recovery, so \(bare.count == 1 ? "it stands" : "they stand") "
                    + "beside the recovered arms on unequal terms.")
        }
        return sentences.isEmpty
            ? [] : [Finding(topic: .recovery, text: sentences.joined(separator: " "), isDecided: false)]
    }

    private var seeds: Finding {
        Finding(
            topic: .seeds,
            text: "One seed (\(comparison.seed)), so each arm was made once: intervals say what other held-out rows "
                + "would change, not what another run would.", isDecided: false)
    }
}
