extension PageBuilder {
    /// What searches found, and how fast. Searches with the same objectives and reference share a drawing.
    var searchSection: Page.Section {
        var groups: [[SearchTrace]] = []
        for search in searches where !search.scores.isEmpty {
            if let index = groups.firstIndex(where: {
                $0[0].isComparable(with: search)
            }) {
                groups[index].append(search)
            } else {
                groups.append([search])
            }
        }
        var figures: [Page.Figure] = []
        for (index, group) in groups.enumerated() {
            for pair in 1..<group[0].objectives.count {
                figures += [Page.Figure(fronts(group, pair), id: "front-\(index)-\(pair)", isFull: false)].compactMap {
                    $0
                }
            }
            figures += [Page.Figure(anytime(group), id: "anytime-\(index)")].compactMap { $0 }
        }
        return Page.Section(
            id: "search", title: "Search",
            lead:
                "What candidates scored while they were searched, on rows kept apart from those of this report, before "
                + "any recovery: compare these numbers with each other, not with the tables above.", figures: figures,
            tables: figures.isEmpty ? [] : [searchTable])
    }

    /// The first objective against another one.
    private func fronts(_ group: [SearchTrace], _ other: Int) -> Chart {
        let objectives = group[0].objectives
        func point(_ scores: [Double], _ note: String) -> Chart.Point {
            Chart.Point(x: scores[other], y: scores[0], note: note)
        }
        var series: [Chart.Series] = []
        for search in group {
            let front = Set(search.front)
            let rest = search.scores.indices.filter { !front.contains($0) && search.scores[$0].allSatisfy(\.isFinite) }
            series.append(
                Chart.Series(
                    name: "candidates", colour: nil, points: rest.map { point(search.scores[$0], "candidate \($0)") },
                    line: .none, isLabelled: false, isInLegend: search.stage == group[0].stage))
        }
        for (index, search) in group.enumerated() {
            let points = search.front.map { point(search.scores[$0], "\(search.stage), candidate \($0)") }
                .sorted { ($0.x, $0.y) < ($1.x, $1.y) }
            series.append(
                Chart.Series(
                    name: "front of \(search.stage)", colour: index, points: points,
                    line: objectives.count == 2 ? .straight : .none, isLabelled: false))
        }
        return Chart(
            title: "\(objectives[0].name) against \(objectives[other].name)",
            summary: "Measured candidates and fronts of "
                + Words.list(
                    group.map { search in
                        "\(search.stage) (\(Words.count(search.scores.count, "candidate")), \(search.front.count) on the front)"
                    }) + ".",
            x: Axis(title: axis(objectives[other]), format: { Numerals.tick($0) }),
            y: Axis(title: axis(objectives[0])), series: series)
    }

    private func axis(_ objective: SearchTrace.Objective) -> String {
        "\(objective.name) (\(objective.isMaximised ? "higher" : "lower") is better)"
    }

    private func anytime(_ group: [SearchTrace]) -> Chart {
        let reference = group[0].reference.map { Numerals.tick($0) }.joined(separator: ", ")
        let box = group[0].box(to: SearchTrace.ideal(of: group))
        return Chart(
            title: "Hypervolume over evaluations",
            summary: "Hypervolume up to the reference point (\(reference)) after each evaluation. "
                + group.map { search in
                    "\(search.stage) ends at \(Numerals.fixed((search.hypervolumes.last ?? 0) / (box ?? 1), 3))"
                }.joined(separator: ", ") + ".",
            x: Axis(title: "measured candidates", including: [0]),
            y: Axis(
                title: box == nil ? "hypervolume" : "hypervolume, share of the box",
                format: { Numerals.tick($0) }),
            series: group.enumerated().map { index, search in
                Chart.Series(
                    name: search.stage, colour: index,
                    points: search.hypervolumes.enumerated().map {
                        Chart.Point(x: Double($0.offset + 1), y: $0.element / (box ?? 1))
                    },
                    line: .steps, hasMarks: false)
            })
    }

    private var searchTable: Page.Table {
        Page.Table(
            caption: "Searches",
            head: [
                wordHead("stage"), wordHead("method"), wordHead("objectives"), head("candidates"), head("on the front"),
                head("hypervolume"), head("of the box"), wordHead("reference point"),
            ],
            rows: comparison.searches.map { search in
                Page.Row(cells: [
                    .words(search.stage), .words(search.algorithm),
                    .words(search.objectives.map(\.name).joined(separator: ", ")),
                    .number(Numerals.grouped(search.evaluations)), .number(Numerals.grouped(search.frontSize)),
                    search.hypervolume.map { .number(Numerals.short($0)) } ?? .none,
                    search.normalisedHypervolume.map { .number(Numerals.fixed($0, 3)) } ?? .none,
                    .words(search.reference.map { Numerals.tick($0) }.joined(separator: ", ")),
                ])
            },
            note:
                "Hypervolume: what the front covers up to the reference point, in the product of the objectives' units, and as "
                + "a share of the box from that point to the best of each objective that searches of one kind found."
        )
    }
}
