internal import Statistics

extension PageBuilder {
    /// All arms in one table: what they are, how large and fast, how good and at what cost.
    var armsSection: Page.Section {
        let isTimed = comparison.arms.contains { $0.speed != nil }
        let isSized = comparison.arms.contains { $0.sizes != nil }
        let answered = comparison.taskMeans.last
        var head = [wordHead("arm"), self.head("parameters")]
        if isSized { head.append(self.head("weights", "at 2 bytes")) }
        head.append(self.head("loss", comparison.losses.last?.regime.label))
        if answered != nil { head.append(self.head("tasks", "mean accuracy")) }
        if isTimed { head += [self.head("decode", "tokens/s"), self.head("prefill", "tokens/s")] }
        head += [self.head("operations", "from the source on"), self.head("processor time")]
        let rows = comparison.arms.map { summary in
            let name = summary.arm.name
            let entry = comparison.losses.last?[name]
            let cost = comparison.ledger.arms.first { $0.arm == name }?.total ?? CostSum()
            var cells = [
                armCell(name, detail: summary.arm.method.label), .number(Numerals.grouped(summary.parameters)),
            ]
            if isSized { cells.append(summary.sizes.map { .number(Numerals.bytes($0.halfPrecisionBytes)) } ?? .none) }
            cells.append(lossCell(entry?.mean, isLowest: entry?.rank == 1))
            if let answered {
                let mean = answered.entries.first { $0.arm == name }?.mean
                cells.append(mean.map { .number(Numerals.share($0.value)) } ?? .none)
            }
            if isTimed {
                cells += [
                    summary.speed.map { .number(Numerals.short($0.decodeTokensPerSecond)) } ?? .none,
                    summary.speed.map { .number(Numerals.short($0.prefillTokensPerSecond)) } ?? .none,
                ]
            }
            cells += [
                .number(Numerals.operations(cost.floatingPointOperations)),
                .number(Numerals.time(cost.processorSeconds)),
            ]
            return Page.Row(cells: cells)
        }
        var note = "Losses in nats per token, each domain counting the same, with 95 % intervals."
        if let speed = comparison.arms.compactMap(\.speed).first {
            note +=
                " Speeds: \(Words.count(speed.rows, "sequence")) at once, prompts of \(speed.columns) tokens, "
                + "\(speed.decoded) tokens decoded, median of \(Words.count(speed.repeats, "repeat"))."
        }
        return Page.Section(
            id: "arms", title: "The arms",
            tables: [Page.Table(caption: "All arms", head: head, rows: rows, note: note)])
    }
}
