/// What the template fills in. Text is plain and gets escaped there; only drawings are mark-up.
struct Page {
    var pageTitle: String
    var pageLead: String
    var findings: [FindingView]
    var sections: [Section]
    var styleSheet: String

    struct FindingView {
        var topic: String
        var text: String
        var style: String
    }

    /// One part of the page, in the order of its fields.
    struct Section {
        var id: String
        var title: String
        var lead: String?
        var figures: [Figure] = []
        var tables: [Table] = []
        /// Drawn below the tables, folded in until opened.
        var more: More?
        var notes: [String] = []

        var isEmpty: Bool { figures.isEmpty && tables.isEmpty && notes.isEmpty && more == nil }
    }

    /// Figures that are there to be opened.
    struct More {
        var title: String
        var figures: [Figure]
    }

    /// A drawing in the forms that the page shows.
    struct Figure {
        var title: String
        var caption: String?
        /// The form on a desk: `full` or `half`, two of which stand side by side.
        var style: String
        var legend: [LegendEntry]
        var drawings: [String] = []
        /// Draws in a form.
        let draw: (Chart.Form) -> String
    }

    struct LegendEntry {
        var name: String
        /// The mark of the series as mark-up.
        var mark: String
    }

    struct Table {
        var caption: String
        var head: [Cell]
        var rows: [Row]
        var note: String?
    }

    struct Row {
        var cells: [Cell]
        var style = ""
    }

    struct Cell {
        var text: String
        /// A second line in small print.
        var detail: String?
        var style = "n"
        /// The arm's mark as mark-up, before the text.
        var mark: String?

        static func words(_ text: String, detail: String? = nil) -> Cell {
            Cell(text: text, detail: detail, style: "w")
        }
        static func number(_ text: String, detail: String? = nil) -> Cell { Cell(text: text, detail: detail) }
        static let none = Cell(text: "–")
    }
}

extension Page.Figure {
    /// A chart over two axes; nil when it has nothing to draw.
    init?(_ chart: Chart, id: String, isFull: Bool = false, caption: String? = nil) {
        guard !chart.isEmpty else { return nil }
        let entries = chart.legend
        self.init(
            title: chart.title, caption: caption, style: isFull ? "full" : "half",
            legend: entries.map { Page.LegendEntry($0) }, draw: { chart.svg(id, $0) })
    }

    /// A chart of bars; nil when it has nothing to draw.
    init?(_ chart: BarChart, id: String, isFull: Bool = false, caption: String? = nil) {
        guard !chart.isEmpty else { return nil }
        self.init(
            title: chart.title, caption: caption, style: isFull ? "full" : "half",
            legend: chart.legend.map { Page.LegendEntry($0, isBar: true) }, draw: { chart.svg(id, $0) })
    }

    /// A chart of differences; nil when it has nothing to draw.
    init?(_ chart: IntervalChart, id: String, caption: String? = nil) {
        guard !chart.isEmpty else { return nil }
        self.init(title: chart.title, caption: caption, style: "half", legend: [], draw: { chart.svg(id, $0) })
    }

    /// Draws figures in the order they will stand; a half one that would stand alone in its row takes all of it.
    static func arranged(_ figures: [Page.Figure]) -> [Page.Figure] {
        var arranged = figures
        var waiting: Int?
        for index in figures.indices {
            if figures[index].style == "half" {
                waiting = waiting == nil ? index : nil
            } else if let alone = waiting {
                arranged[alone].style = "full"
                waiting = nil
            }
        }
        if let alone = waiting { arranged[alone].style = "full" }
        return arranged.map { figure in
            var drawn = figure
            drawn.drawings = [figure.style == "full" ? .full : .half, .narrow].map(figure.draw)
            return drawn
        }
    }
}

extension Page.LegendEntry {
    init(_ entry: (name: String, colour: Int?, isDashed: Bool), isBar: Bool = false) {
        var svg = SVG(width: 22, height: 12)
        svg.append("<g class=\"\(Palette.style(entry.colour))\">")
        if isBar {
            svg.rectangle(4, 1, 12, 10, "b")
        } else {
            svg.path([(1, 6), (21, 6)], entry.isDashed ? "l d" : "l")
            if !entry.isDashed { svg.mark(entry.colour, 11, 6, hollow: false, note: "", radius: 4) }
        }
        svg.append("</g>")
        self.init(name: entry.name, mark: svg.ornament())
    }
}

extension SVG {
    /// The drawing as an ornament beside a text that says the same.
    func ornament() -> String {
        Markup.element(
            "svg",
            [
                ("class", "k"), ("viewBox", "0 0 \(Markup.coordinate(width)) \(Markup.coordinate(height))"),
                ("width", Markup.coordinate(width)), ("height", Markup.coordinate(height)), ("aria-hidden", "true"),
            ], content: content)
    }
}
