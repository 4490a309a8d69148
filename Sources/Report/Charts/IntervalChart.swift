internal import Statistics

/// Differences with their intervals around a line at 0, one row each.
struct IntervalChart: Sendable {
    struct Row: Sendable {
        var name: String
        var colour: Int
        var value: Double
        var interval: Interval?

        /// How far from 0 it reaches.
        var extent: Double { max(abs(interval?.low ?? value), abs(interval?.high ?? value)) }
    }

    var title: String
    var summary: String
    var axis: Axis
    var rows: [Row]

    var isEmpty: Bool { rows.isEmpty }

    /// The largest extent that is drawn: rows that reach more than four times as far as the middle one would press all
    /// others together, so they become arrows.
    private var limit: Double {
        let extents = rows.map(\.extent).sorted()
        let middle = extents.isEmpty ? 1 : extents[(extents.count - 1) / 2]
        return extents.last { $0 <= 4 * middle } ?? 1
    }

    func svg(_ id: String, _ form: Chart.Form) -> String {
        let limit = limit
        let shown = rows.filter { $0.extent <= limit }
        var axis = axis
        axis.including.append(0)
        let scale = axis.scale(
            for: shown.flatMap { [$0.value, $0.interval?.low ?? $0.value, $0.interval?.high ?? $0.value] },
            ticks: form.isNarrow ? 3 : 5)
        let texts = rows.map { row in Numerals.signed(row.value, 3) }
        let step = form.isNarrow ? 30 : max(30, 220 / Double(max(rows.count, 4)))
        let left = min(rows.map { SVG.width(of: $0.name) }.max() ?? 0, form.isNarrow ? 110 : 200) + 14
        let right = form.width - (texts.map { SVG.width(of: $0) }.max() ?? 0) - 22
        let bottom = Double(rows.count) * step + 6
        var svg = SVG(width: form.width, height: bottom + 40)
        func at(_ value: Double) -> Double { left + scale.share(value) * (right - left) }
        for tick in scale.ticks {
            svg.line(at(tick.value), 0, at(tick.value), bottom, tick.value == 0 ? "zero" : "gr")
            svg.text(tick.text, at(tick.value), bottom + 16, "t n", anchor: "middle")
        }
        svg.text(axis.title, (left + right) / 2, bottom + 35, "t a", anchor: "middle")
        for (index, row) in rows.enumerated() {
            let y = Double(index) * step + step / 2 + 3
            let most = form.isNarrow ? 17 : 31
            let name = row.name.count <= most ? row.name : String(row.name.prefix(most - 1)) + "…"
            svg.text(name, left - 10, y + 4, "t", anchor: "end")
            svg.append("<g class=\"\(Palette.style(row.colour))\">")
            if row.extent <= limit {
                if let interval = row.interval {
                    svg.line(at(interval.low), y, at(interval.high), y, "iv")
                    for end in [interval.low, interval.high] { svg.line(at(end), y - 4, at(end), y + 4, "e") }
                }
                let note =
                    "\(row.name): \(Numerals.signed(row.value, 3))"
                    + (row.interval.map { ", \(Numerals.signed($0.low, 3)) to \(Numerals.signed($0.high, 3))" } ?? "")
                svg.mark(row.colour, at(row.value), y, hollow: false, note: note)
            } else {
                let end = row.value > 0 ? right : left
                let sign = row.value > 0 ? 1.0 : -1.0
                svg.line(end - sign * 34, y, end, y, "iv")
                svg.path([(end - sign * 7, y - 5), (end, y), (end - sign * 7, y + 5)], "iv")
            }
            svg.append("</g>")
            svg.text(texts[index], form.width, y + 4, "t n", anchor: "end")
        }
        return svg.document("\(id)-\(form.rawValue)", style: form.rawValue, title: title, summary: summary)
    }
}
