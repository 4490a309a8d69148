extension PageBuilder {
    /// What every arm took, stage by stage.
    var costSection: Page.Section {
        let ledger = comparison.ledger
        let figures = [
            Page.Figure(
                costs("Operations from the source on", "floating-point operations", { $0.floatingPointOperations }) {
                    Numerals.short($0)
                }, id: "cost-operations"),
            Page.Figure(
                costs("Processor time from the source on", "processor seconds, all threads", { $0.processorSeconds }) {
                    Numerals.time($0)
                }, id: "cost-time"),
        ].compactMap { $0 }
        return Page.Section(
            id: "cost", title: "What it cost",
            lead:
                "Every stage an arm rests on, with all its attempts. Stages that several arms rest on count in full for "
                + "each of them and once for the file.", figures: figures,
            tables: [armCosts(ledger), stageCosts(ledger)])
    }

    /// The order and colours of stage kinds in bars; what several arms share comes first, in grey.
    private func costs(
        _ title: String, _ axis: String, _ value: (CostSum) -> Double, _ text: @escaping @Sendable (Double) -> String
    ) -> BarChart {
        let ledger = comparison.ledger
        let byID = Dictionary(uniqueKeysWithValues: ledger.stages.map { ($0.id, $0) })
        let own = ledger.arms.map { arm in
            arm.stages.filter { !ledger.shared.contains($0) }.compactMap { byID[$0] }
        }
        var kinds: [String] = []
        // A kind that is nowhere a hundredth of its arm is drawn with the shared ones: it could not be seen.
        for (arm, stages) in zip(ledger.arms, own) {
            for stage in stages where value(stage.cost) > 0.01 * value(arm.total) && !kinds.contains(stage.kind) {
                kinds.append(stage.kind)
            }
        }
        let bars = zip(ledger.arms, own).map { arm, stages in
            let drawn = stages.filter { kinds.contains($0.kind) }
            let rest = value(arm.total) - drawn.reduce(0) { $0 + value($1.cost) }
            let segments =
                [BarChart.Segment(name: "shared and other stages: \(text(max(rest, 0)))", colour: nil, value: rest)]
                + drawn.map { stage in
                    BarChart.Segment(
                        name: "\(stage.id): \(text(value(stage.cost)))", colour: kinds.firstIndex(of: stage.kind),
                        value: value(stage.cost))
                }
            return BarChart.Bar(name: arm.arm, segments: segments, text: text(value(arm.total)))
        }
        let isEmpty = bars.allSatisfy { $0.value == 0 }
        return BarChart(
            title: title,
            summary: bars.map { "\($0.name) \($0.text)" }.joined(separator: ", ") + ".",
            axis: Axis(title: axis, format: { Numerals.tick($0) }),
            groups: isEmpty ? [] : [BarChart.Group(name: "", bars: bars)],
            legend: [("shared and other", nil, false)]
                + kinds.enumerated().map { ($0.element.replacing("_", with: " "), $0.offset, false) })
    }

    private func row(_ cost: CostSum) -> [Page.Cell] {
        [
            .number(cost.trainedTokens > 0 ? Numerals.grouped(cost.trainedTokens) : "–"),
            .number(cost.readTokens > 0 ? Numerals.grouped(cost.readTokens) : "–"),
            .number(cost.floatingPointOperations > 0 ? Numerals.operations(cost.floatingPointOperations) : "–"),
            .number(Numerals.time(cost.processorSeconds)), .number(Numerals.time(cost.wallSeconds)),
            .number(Numerals.bytes(cost.peakMemoryBytes)),
        ]
    }

    private var columns: [Page.Cell] {
        [
            head("tokens trained"), head("tokens read"), head("operations"), head("processor time"), head("wall time"),
            head("peak memory"),
        ]
    }

    private func armCosts(_ ledger: CostLedger) -> Page.Table {
        var rows: [Page.Row] = []
        for arm in ledger.arms {
            let all = arm.stages.count
            let common = arm.stages.count { ledger.shared.contains($0) }
            rows.append(
                Page.Row(
                    cells: [armCell(arm.arm, detail: "\(Words.count(all, "stage")), \(common) of them shared")]
                        + row(arm.total)))
        }
        rows.append(
            Page.Row(
                cells: [.words("all together", detail: "each stage once, evaluations included")] + row(ledger.file),
                style: "sum"))
        return Page.Table(
            caption: "By arm", head: [wordHead("arm")] + columns, rows: rows,
            note:
                "Tokens read went through a model without training it: calibration, candidates, evaluation. Memory is the "
                + "largest of the stages.")
    }

    private func stageCosts(_ ledger: CostLedger) -> Page.Table {
        let rows = ledger.stages.map { stage in
            let arms = ledger.arms.filter { $0.stages.contains(stage.id) }.map(\.arm)
            let who = arms.count == ledger.arms.count && arms.count > 1 ? "all" : arms.joined(separator: ", ")
            return Page.Row(
                cells: [
                    .words(stage.id, detail: stage.kind.replacing("_", with: " ")),
                    Page.Cell(text: who.isEmpty ? "–" : who, style: "wrap"),
                ] + row(stage.cost))
        }
        return Page.Table(
            caption: "By stage", head: [wordHead("stage"), wordHead("arms")] + columns, rows: rows, note: nil)
    }
}
