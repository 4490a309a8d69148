internal import Statistics

extension PageBuilder {
    /// One table for each measure of size by which arms were matched.
    var sizeSection: Page.Section {
        Page.Section(
            id: "sizes", title: "At equal size",
            lead: "Which method wins depends on what is held equal: arms of \(comparison.reference)'s size are "
                + "compared, others are shown in grey.",
            tables: comparison.matches.map(matchTable))
    }

    private func matchTable(_ match: SizeMatch) -> Page.Table {
        var head = [wordHead("arm"), self.head(match.criterion.noun), self.head("of \(match.reference)")]
        head += comparison.losses.map { self.head("loss", $0.regime.label) }
        head += [self.head("against \(match.reference)", "at the end"), wordHead("outcome")]
        let last = comparison.losses.last
        let rows = match.entries.map { entry in
            var cells = [
                armCell(entry.arm), .number(match.criterion.text(entry.value)), .number(Numerals.share(entry.ratio)),
            ]
            cells += comparison.losses.map { table in
                table[entry.arm].map { .number(Numerals.fixed($0.mean.value, 3)) } ?? .none
            }
            cells.append(entry.isMatched ? differenceCell(last?[entry.arm]?.difference) : .none)
            let pair = last?.pair(entry.arm, match.reference)
            let winner =
                entry.isMatched ? pair.map { pair in pair.lower.map { "\($0) is lower" } ?? "cannot be told" } : nil
            cells.append(.words(winner ?? "–"))
            return Page.Row(cells: cells, style: entry.isMatched ? "" : "off")
        }
        let note: String? =
            switch match.criterion {
            case .parameters: nil
            case .memory:
                "Memory: the weights at 2 bytes each, or as stored where that is smaller, and a key-value cache of "
                    + "\(Words.count(comparison.cacheTokens, "token"))."
            case .latency: "Latency: wall time per decoded token and sequence, as measured on one machine."
            }
        return Page.Table(
            caption: "Equal \(match.criterion.noun), within \(Numerals.percent(match.tolerance))", head: head,
            rows: rows,
            note: note)
    }
}
