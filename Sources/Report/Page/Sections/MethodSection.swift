extension PageBuilder {
    /// How the numbers were made, for who wants to check them.
    var methodSection: Page.Section {
        var notes = [
            "Losses are nats per predicted token on held-out rows, first within each domain, then the mean over domains, "
                + "each counting the same. Intervals hold \(Numerals.percent(comparison.confidence)) of "
                + "\(Words.count(comparison.resamples, "resample")) in which the rows of each domain are drawn anew, the "
                + "same ones for all arms, so differences are paired. Rows count as independent; rows of one document are "
                + "not quite.",
            "An arm is called lower only where the interval of the difference leaves out 0 and the p-value stays below "
                + "\(Numerals.fixed(1 - comparison.confidence, 2)) after Holm's correction over all pairs of arms in the "
                + "table. Everything else cannot be told.",
            "Operations are those of the cost model: 6 N + 12 L d T per trained token and a third of it for a token that "
                + "is only read; calibration, reference losses and evaluations between steps are among them. "
                + "Times and memory are those of the machine that ran the stages.",
        ]
        if !comparison.recovery.differences.isEmpty {
            let list = comparison.recovery.differences.map { difference in
                "\(difference.key): " + difference.values.map { "\($0.arm) \($0.value)" }.joined(separator: ", ")
            }
            notes.append("Recovery stages differ in " + list.joined(separator: "; ") + ".")
        }
        return Page.Section(id: "method", title: "How the numbers were made", notes: notes)
    }
}
