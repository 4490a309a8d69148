internal import Statistics

/// Lays a comparison out as a page; each section is in a file of its own and empty where its data are missing.
struct PageBuilder {
    let comparison: Comparison
    let traces: [String: TrainingTrace]
    let searches: [SearchTrace]

    init(_ comparison: Comparison, traces: [TrainingTrace], searches: [SearchTrace]) {
        self.comparison = comparison
        self.traces = Dictionary(traces.map { ($0.stage, $0) }) { first, _ in first }
        self.searches = searches
    }

    var page: Page {
        let sections = [
            armsSection, recoverySection, sizeSection, domainSection, taskSection, searchSection, trainingSection,
            costSection, methodSection,
        ]
        return Page(
            pageTitle: comparison.title, pageLead: lead,
            findings: comparison.verdict.map {
                Page.FindingView(topic: $0.topic.label, text: $0.text, style: $0.isDecided ? "yes" : "no")
            },
            sections: sections.filter { !$0.isEmpty }.map(arranged), styleSheet: styleSheet)
    }

    private func arranged(_ section: Page.Section) -> Page.Section {
        var arranged = section
        arranged.figures = Page.Figure.arranged(section.figures)
        arranged.more = section.more.map { Page.More(title: $0.title, figures: Page.Figure.arranged($0.figures)) }
        return arranged
    }

    private var lead: String {
        let names = Words.list(
            comparison.arms.map { arm in
                arm.arm.name == arm.arm.method.label ? arm.arm.name : "\(arm.arm.name) (\(arm.arm.method.label))"
            })
        let rows = comparison.losses.last?.entries.first?.domains.count ?? 0
        return "\(names), measured on the same held-out rows of \(Words.count(rows, "domain")) and held against "
            + "\(comparison.reference)."
    }

    // MARK: - What sections share

    /// The arm's colour and mark, the same in every drawing.
    func colour(of arm: String) -> Int {
        comparison.arms.firstIndex { $0.arm.name == arm } ?? 0
    }

    /// The first cell of an arm's row.
    func armCell(_ arm: String, detail: String? = nil) -> Page.Cell {
        var svg = SVG(width: 12, height: 12)
        svg.append("<g class=\"\(Palette.style(colour(of: arm)))\">")
        svg.mark(colour(of: arm), 6, 6, hollow: false, note: "", radius: 4.5)
        svg.append("</g>")
        return Page.Cell(
            text: arm, detail: detail, style: arm == comparison.reference ? "w first" : "w", mark: svg.ornament())
    }

    /// A loss with half its interval.
    func lossCell(_ estimate: PairedBootstrap.Estimate?, isLowest: Bool = false) -> Page.Cell {
        guard let estimate else { return .none }
        let interval = estimate.interval.map { "\(Numerals.fixed($0.low, 3)) to \(Numerals.fixed($0.high, 3))" }
        var cell = Page.Cell.number(Numerals.fixed(estimate.value, 3), detail: interval)
        if isLowest { cell.style += " first" }
        return cell
    }

    /// A difference with its interval.
    func differenceCell(_ estimate: PairedBootstrap.Estimate?) -> Page.Cell {
        guard let estimate else { return .none }
        let interval = estimate.interval.map { "\(Numerals.signed($0.low, 3)) to \(Numerals.signed($0.high, 3))" }
        return .number(Numerals.signed(estimate.value, 3), detail: interval)
    }

    func wordHead(_ text: String) -> Page.Cell { .words(text) }
    func head(_ text: String, _ detail: String? = nil) -> Page.Cell { .number(text, detail: detail) }
}
