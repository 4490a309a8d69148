extension PageBuilder {
    /// How the models came to be: losses over tokens, masks, mixtures.
    var trainingSection: Page.Section {
        let chains = comparison.arms.map { arm in
            (name: arm.arm.name, traces: comparison.ledger.chain(to: arm.arm.model).compactMap { traces[$0] })
        }
        var drawn: Set<String> = []
        let masked = chains.flatMap(\.traces).filter { drawn.insert($0.stage).inserted }.compactMap(masks)
        // Beside an odd number of drawings of masks there is room for the curves.
        let curves = Page.Figure(lossCurves(chains), id: "curves", isFull: masked.count % 2 == 0, caption: curveCaption)
        var figures = [curves].compactMap { $0 } + masked
        var folded: [Page.Figure] = []
        var seen: Set<[String]> = []
        for chain in chains {
            let mixed = chain.traces.filter { !$0.references.isEmpty }
            guard !mixed.isEmpty, seen.insert(mixed.map(\.stage)).inserted else { continue }
            let pair = [weights(mixed, chain.name), gaps(mixed, chain.name)].compactMap { $0 }
            if seen.count == 1 { figures += pair } else { folded += pair }
        }
        return Page.Section(
            id: "training", title: "How the models were made", figures: figures,
            more: folded.isEmpty ? nil : Page.More(title: "Domain weights and gaps of the other arms", figures: folded))
    }

    private var curveCaption: String {
        "Loss on held-out rows where a stage evaluated, else on its own batches (dashed); stages that all arms share are left out."
    }

    // MARK: - Losses

    /// Loss over the tokens of what an arm does not share with every other one.
    private func lossCurves(_ chains: [(name: String, traces: [TrainingTrace])]) -> Chart {
        let trained = chains.filter { !$0.traces.isEmpty }
        let common = trained.dropFirst().reduce(Set(trained.first?.traces.map(\.stage) ?? [])) { shared, chain in
            shared.intersection(chain.traces.map(\.stage))
        }
        var series: [Chart.Series] = []
        for chain in trained {
            let own = trained.count > 1 ? chain.traces.filter { !common.contains($0.stage) } : chain.traces
            let isEvaluated = own.contains { $0.points.contains { $0.values["eval/loss"] != nil } }
            let points = joined(own).compactMap { tokens, values -> Chart.Point? in
                values[isEvaluated ? "eval/loss" : "train/loss"].map { loss in
                    Chart.Point(
                        x: tokens, y: loss,
                        note: "\(chain.name) after \(Numerals.short(tokens)) tokens: \(Numerals.fixed(loss, 3))")
                }
            }
            guard !points.isEmpty else { continue }
            series.append(
                Chart.Series(
                    name: chain.name, colour: colour(of: chain.name), points: points, isDashed: !isEvaluated,
                    hasMarks: isEvaluated && points.count <= 40))
        }
        return Chart(
            title: "Loss over training tokens",
            summary: series.compactMap { line in
                line.points.last.map {
                    "\(line.name) ends at \(Numerals.fixed($0.y, 3)) after \(Numerals.short($0.x)) tokens"
                }
            }.joined(separator: ", ") + ".",
            x: Axis(title: "tokens trained on", format: { Numerals.tick($0) }, including: [0]),
            y: Axis(title: "nats per token"), series: series,
            limit: Chart.limit(for: series.flatMap { $0.points.map(\.y) }))
    }

    /// The points of stages one after another, tokens counted through.
    private func joined(_ traces: [TrainingTrace]) -> [(tokens: Double, values: [String: Double])] {
        var before = 0
        var joined: [(Double, [String: Double])] = []
        for trace in traces {
            joined += trace.points.map { (Double(before + $0.tokens), $0.values) }
            before += trace.points.last?.tokens ?? 0
        }
        return joined
    }

    private func boundaries(_ traces: [TrainingTrace]) -> [Chart.Boundary] {
        var before = 0
        return traces.map { trace in
            defer { before += trace.points.last?.tokens ?? 0 }
            return Chart.Boundary(x: Double(before), text: trace.stage)
        }
    }

    // MARK: - Masks

    /// How the expected share of removed variables followed what was asked, for each family.
    private func masks(_ trace: TrainingTrace) -> Page.Figure? {
        let families = trace.names(below: "mask/")
        guard !families.isEmpty else { return nil }
        var series: [Chart.Series] = []
        for (index, family) in families.enumerated() {
            func points(_ what: String) -> [Chart.Point] {
                trace.points.compactMap { point in
                    point.values["mask/\(family)/\(what)"].map { Chart.Point(x: Double(point.step), y: $0) }
                }
            }
            series.append(
                Chart.Series(
                    name: "\(family), asked", colour: index, points: points("target"), isDashed: true, hasMarks: false,
                    isLabelled: false, isInLegend: false))
            series.append(
                Chart.Series(name: family, colour: index, points: points("expected"), hasMarks: false))
        }
        let ends = families.compactMap { family -> String? in
            guard let last = trace.points.last(where: { $0.values["mask/\(family)/expected"] != nil }),
                let expected = last.values["mask/\(family)/expected"], let target = last.values["mask/\(family)/target"]
            else { return nil }
            return "\(family) \(Numerals.share(expected)) of \(Numerals.share(target))"
        }
        let chart = Chart(
            title: "Masks of \(trace.stage)",
            summary: "Expected sparsity at the end: " + ends.joined(separator: ", ") + ".",
            x: Axis(title: "optimizer step"),
            y: Axis(title: "share removed", format: { Numerals.fixed($0 * 100, 0) + " %" }, including: [0]),
            series: series)
        return Page.Figure(
            chart, id: "masks-\(trace.stage)",
            caption: "Lines: expected share of removed variables. Dashed: what was asked.")
    }

    // MARK: - Mixture

    private func weights(_ traces: [TrainingTrace], _ arm: String) -> Page.Figure? {
        mixture(traces, prefix: "data/weight/") { _, _, value in value }.flatMap { series, ends in
            Page.Figure(
                Chart(
                    title: "Domain weights of \(arm)", summary: "Weights at the end: \(ends).",
                    x: Axis(title: "tokens trained on", format: { Numerals.tick($0) }),
                    y: Axis(title: "share of rows", format: { Numerals.fixed($0 * 100, 0) + " %" }, including: [0]),
                    series: series, boundaries: boundaries(traces)), id: "weights-\(arm)")
        }
    }

    private func gaps(_ traces: [TrainingTrace], _ arm: String) -> Page.Figure? {
        mixture(traces, prefix: "eval/loss/") { trace, domain, value in
            trace.references[domain].map { value - $0 }
        }.flatMap { series, ends in
            Page.Figure(
                Chart(
                    title: "Gaps of \(arm) to the reference losses", summary: "Gaps at the end: \(ends).",
                    x: Axis(title: "tokens trained on", format: { Numerals.tick($0) }),
                    y: Axis(title: "nats per token above the reference", including: [0]), series: series,
                    boundaries: boundaries(traces)), id: "gaps-\(arm)")
        }
    }

    /// One line per domain, and where each ends in words.
    private func mixture(
        _ traces: [TrainingTrace], prefix: String, value: (TrainingTrace, String, Double) -> Double?
    ) -> (series: [Chart.Series], ends: String)? {
        let domains = Set(traces.flatMap { $0.names(below: prefix) }).sorted()
        let series = domains.enumerated().map { index, domain in
            var before = 0
            var points: [Chart.Point] = []
            for trace in traces {
                for point in trace.points {
                    guard let logged = point.values[prefix + domain], let shown = value(trace, domain, logged) else {
                        continue
                    }
                    points.append(
                        Chart.Point(
                            x: Double(before + point.tokens), y: shown, note: "\(domain): \(Numerals.fixed(shown, 3))"))
                }
                before += trace.points.last?.tokens ?? 0
            }
            return Chart.Series(name: domain, colour: index, points: points, hasMarks: points.count <= 12)
        }.filter { !$0.points.isEmpty }
        guard !series.isEmpty else { return nil }
        let ends = series.compactMap { line in line.points.last.map { "\(line.name) \(Numerals.fixed($0.y, 3))" } }
        return (series, ends.joined(separator: ", "))
    }
}
