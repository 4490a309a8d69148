internal import Statistics

extension PageBuilder {
    /// Losses before, after short and after full recovery, and against size and speed.
    var recoverySection: Page.Section {
        let figures = [
            differences, comparison.losses.count > 1 ? Page.Figure(slopes, id: "slopes") : nil,
            sizeFigure(.parameters), sizeFigure(.memory), sizeFigure(.latency),
        ].compactMap { $0 }
        let flips = comparison.flips
        var lead: String?
        if comparison.losses.count > 1 {
            lead =
                "A ranking without recovery proves nothing about one with it: both are shown."
                + (flips.isEmpty ? " Here no two arms change places." : " Arms that change places are named below.")
        }
        return Page.Section(
            id: "recovery", title: comparison.losses.count > 1 ? "Loss before and after recovery" : "Losses",
            lead: lead, figures: figures,
            tables: [recoveryTable] + (flips.isEmpty ? [] : [flipTable]))
    }

    /// Differences from the reference at the end, which intervals of single arms would hide: the rows are the same.
    private var differences: Page.Figure? {
        guard let table = comparison.losses.last else { return nil }
        let rows = table.entries.compactMap { entry in
            entry.difference.map { difference in
                IntervalChart.Row(
                    name: entry.arm, colour: colour(of: entry.arm), value: difference.value,
                    interval: difference.interval)
            }
        }
        let list = rows.map { "\($0.name) \(Numerals.signed($0.value, 3))" }.joined(separator: ", ")
        return Page.Figure(
            IntervalChart(
                title: "Distance from \(comparison.reference)",
                summary:
                    "Mean loss \(table.regime.label) less that of \(comparison.reference), with 95 percent intervals: "
                    + "\(list).", axis: Axis(title: "nats per token above \(comparison.reference)"), rows: rows),
            id: "differences",
            caption: "Paired over the same rows, \(table.regime.label), with 95 % intervals; lower than "
                + "\(comparison.reference) is left of 0.")
    }

    private var slopes: Chart {
        let regimes = comparison.losses.map(\.regime)
        let series = comparison.arms.map { summary -> Chart.Series in
            let name = summary.arm.name
            let points = comparison.losses.enumerated().compactMap { index, table in
                table[name].map { entry in
                    Chart.Point(
                        x: Double(index), y: entry.mean.value, error: entry.mean.interval,
                        note: "\(name), \(table.regime.label): \(Numerals.fixed(entry.mean.value, 3))",
                        isHollow: table.regime != .full)
                }
            }
            return Chart.Series(name: name, colour: colour(of: name), points: points)
        }
        let labels = ["before": "before", "short": "short", "full": "full recovery"]
        return Chart(
            title: "Loss over recovery",
            summary: "Mean loss of each arm " + Words.list(regimes.map(\.label)) + ", with 95 percent intervals. "
                + seriesSummary,
            x: Axis(title: "", categories: regimes.map { labels[$0.rawValue] ?? $0.rawValue }),
            y: Axis(title: "nats per token"), series: series,
            limit: Chart.limit(for: series.flatMap { $0.points.map(\.y) }))
    }

    private var seriesSummary: String {
        guard let table = comparison.losses.last else { return "" }
        let list = table.entries.sorted { $0.rank < $1.rank }.map { "\($0.arm) \(Numerals.fixed($0.mean.value, 3))" }
        return "At the end: " + list.joined(separator: ", ") + "."
    }

    /// Loss against one measure of size, where the arms differ in it; earlier regimes as outlines.
    private func sizeFigure(_ criterion: SizeMatch.Criterion) -> Page.Figure? {
        func size(_ summary: Comparison.ArmSummary) -> Double? {
            switch criterion {
            case .parameters: Double(summary.parameters)
            case .memory: summary.memoryBytes.map { Double($0) / 1_048_576 }
            case .latency: summary.speed.map { $0.decodeTokensPerSecond }
            }
        }
        let placed = comparison.arms.compactMap { arm in size(arm).map { (name: arm.arm.name, size: $0) } }
        let sizes = placed.map(\.size)
        guard let least = sizes.min(), let most = sizes.max(), most > least * 1.005 else { return nil }
        // Memory follows parameters unless caches or stored forms differ.
        if criterion == .memory, placed.count == comparison.arms.count {
            let ratios = comparison.arms.compactMap { arm in size(arm).map { $0 / Double(arm.parameters) } }
            if let low = ratios.min(), let high = ratios.max(), high < low * 1.02 { return nil }
        }
        let (title, axis): (String, Axis)
        switch criterion {
        case .parameters:
            (title, axis) = ("Loss against parameters", Axis(title: "parameters", format: { Numerals.tick($0) }))
        case .memory: (title, axis) = ("Loss against memory", Axis(title: "weights and cache, MiB"))
        case .latency: (title, axis) = ("Loss against speed", Axis(title: "decoded tokens per second"))
        }
        var series: [Chart.Series] = []
        var finals: [String: Chart.Point] = [:]
        for arm in placed {
            let points = comparison.losses.compactMap { table in
                table[arm.name].map { entry in
                    Chart.Point(
                        x: arm.size, y: entry.mean.value, error: entry.mean.interval,
                        note:
                            "\(arm.name), \(table.regime.label): \(Numerals.fixed(entry.mean.value, 3)) nats per token",
                        label: table.regime == .full ? arm.name : nil, isHollow: table.regime != .full)
                }
            }
            finals[arm.name] = points.last.map { Chart.Point(x: $0.x, y: $0.y) }
            series.append(
                Chart.Series(
                    name: arm.name, colour: colour(of: arm.name), points: points, isFaint: true, isLabelled: false))
        }
        let front = comparison.fronts.first { $0.criterion == criterion }?.arms.compactMap { finals[$0] } ?? []
        if front.count > 1 {
            series.insert(
                Chart.Series(
                    name: "not beaten in both", colour: nil, points: front,
                    isDashed: true, hasMarks: false, isLabelled: false), at: 0)
        }
        let chart = Chart(
            title: title,
            summary: "\(title) of each arm: outlines before, filled marks after full recovery, 95 percent intervals. "
                + seriesSummary, x: axis, y: Axis(title: "nats per token"), series: series,
            limit: Chart.limit(for: series.flatMap { $0.points.map(\.y) }))
        return Page.Figure(
            chart, id: "loss-\(criterion.rawValue)",
            caption: comparison.losses.count > 1 ? "Outlines before full recovery, filled marks after it." : nil)
    }

    private var recoveryTable: Page.Table {
        let tokens = Dictionary(
            uniqueKeysWithValues: comparison.recovery.arms.map { ($0.arm, $0.trainedTokens) })
        var head = [wordHead("arm")] + comparison.losses.map { self.head($0.regime.label) }
        head += [
            self.head("against \(comparison.reference)", "at the end"), self.head("after Holm"),
            self.head("recovery", "tokens"),
        ]
        let rows = comparison.arms.map { summary in
            let name = summary.arm.name
            var cells = [armCell(name)]
            cells += comparison.losses.map { table in
                lossCell(table[name]?.mean, isLowest: table.entries.count > 1 && table[name]?.rank == 1)
            }
            let pair = comparison.losses.last?.pair(name, comparison.reference)
            cells.append(differenceCell(comparison.losses.last?[name]?.difference))
            cells.append(pair?.adjusted.map { .number(Numerals.probability($0)) } ?? .none)
            cells.append(tokens[name].map { .number(Numerals.grouped($0)) } ?? .none)
            return Page.Row(cells: cells)
        }
        return Page.Table(
            caption: "Mean loss, nats per token", head: head, rows: rows,
            note:
                "The lowest of each column in bold. p is two-sided, from the paired bootstrap, after Holm's correction "
                + "over all pairs of arms of the last column of losses.")
    }

    private var flipTable: Page.Table {
        Page.Table(
            caption: "Arms that change places",
            head: [
                wordHead("from"), wordHead("lower"), wordHead("to"), wordHead("lower"),
                wordHead("outside the intervals"),
            ],
            rows: comparison.flips.map { flip in
                Page.Row(cells: [
                    .words(flip.earlier.label), armCell(flip.lowerEarlier), .words(flip.later.label),
                    armCell(flip.lowerLater), .words(flip.isSure ? "yes, both orders" : "no"),
                ])
            })
    }
}
