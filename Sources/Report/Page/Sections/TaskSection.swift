internal import Statistics

extension PageBuilder {
    /// Accuracies with intervals and what guessing scores.
    var taskSection: Page.Section {
        guard let regime = comparison.tasks.last?.regime else { return Page.Section(id: "tasks", title: "Tasks") }
        let tables = comparison.tasks.filter { $0.regime == regime }
        let silent = tables.filter { $0.entries.allSatisfy(\.isNearChance) }
        let lead =
            "Bars are shares of right answers with Wilson's 95 % intervals; the dashed line is what guessing scores."
            + (silent.isEmpty ? "" : " Where no interval leaves that line, the task says nothing at this size.")
        let chart = BarChart(
            title: "Accuracy by task",
            summary: tables.map { table in
                "\(table.task), chance \(Numerals.share(table.chance)): "
                    + table.entries.map { "\($0.arm) \(Numerals.share($0.accuracy))" }.joined(separator: ", ")
            }.joined(separator: ". ") + ".",
            axis: Axis(title: "right answers", format: { Numerals.fixed($0 * 100, 0) + " %" }),
            groups: tables.map { table in
                BarChart.Group(
                    name: "\(table.task) (\(table.metric), \(Words.count(table.questions, "question")))",
                    bars: table.entries.map { entry in
                        BarChart.Bar(
                            name: entry.arm,
                            segments: [.init(name: entry.arm, colour: colour(of: entry.arm), value: entry.accuracy)],
                            error: entry.interval, text: Numerals.share(entry.accuracy))
                    }, reference: table.chance > 0 ? table.chance : nil)
            })
        return Page.Section(
            id: "tasks", title: "Tasks", lead: lead,
            figures: [Page.Figure(chart, id: "tasks-bars", isFull: true, caption: "Models \(regime.label).")]
                .compactMap { $0 }, tables: [taskTable(tables)])
    }

    private func taskTable(_ tables: [TaskTable]) -> Page.Table {
        let arms = comparison.arms.map(\.arm.name).filter { $0 != comparison.reference }
        let rows = tables.map { table in
            Page.Row(
                cells: [
                    .words(table.task), .number(Numerals.share(table.chance)),
                    table[comparison.reference].map { entry in
                        .number(
                            Numerals.share(entry.accuracy), detail: entry.isNearChance ? "near chance" : nil)
                    } ?? .none,
                ]
                    + arms.map { arm in
                        guard let entry = table[arm] else { return .none }
                        let probability = entry.adjusted.map { Numerals.probability($0) }
                        let detail = entry.isNearChance ? "near chance" : probability
                        return .number(Numerals.share(entry.accuracy), detail: detail)
                    })
        }
        return Page.Table(
            caption: "Each arm against \(comparison.reference), on the same questions",
            head: [wordHead("task"), head("chance"), head(comparison.reference)] + arms.map { head($0) }, rows: rows,
            note: "p by McNemar's exact test, after Holm's correction over all tasks and arms. “Near chance”: the "
                + "interval reaches down to what guessing scores, so no p is shown.")
    }
}
