internal import Statistics

/// Horizontal bars in groups, each bar one or several segments end to end, with error bars and reference lines.
struct BarChart: Sendable {
    /// A part of a bar.
    struct Segment: Sendable {
        var name: String
        var colour: Int?
        var value: Double
    }

    struct Bar: Sendable {
        var name: String
        var segments: [Segment]
        var error: Interval?
        /// Written after the bar.
        var text: String

        var value: Double { segments.reduce(0) { $0 + $1.value } }
    }

    /// Bars under one heading.
    struct Group: Sendable {
        /// Empty where the chart has one group only.
        var name: String
        var bars: [Bar]
        /// A value that every bar is to be seen against, such as what guessing scores.
        var reference: Double?
    }

    var title: String
    var summary: String
    var axis: Axis
    var groups: [Group]
    /// Names and colours of segments, for the list under the title; empty where bars are named themselves.
    var legend: [(name: String, colour: Int?, isDashed: Bool)] = []

    var isEmpty: Bool { groups.allSatisfy { $0.bars.isEmpty } }

    /// The drawing in one form; its height follows the number of bars.
    func svg(_ id: String, _ form: Chart.Form) -> String {
        let row = 20.0
        let heading = 24.0
        let nameWidth = groups.flatMap(\.bars).map { SVG.width(of: $0.name) }.max() ?? 0
        let left = min(nameWidth, form.isNarrow ? 110 : 200) + 10
        let textWidth = groups.flatMap(\.bars).map { SVG.width(of: $0.text) }.max() ?? 0
        let right = form.width - textWidth - 16
        let rows = groups.reduce(0) { $0 + $1.bars.count }
        let headings = groups.count { !$0.name.isEmpty }
        let height = Double(rows) * row + Double(headings) * heading + Double(groups.count - 1) * 6 + 44
        var axis = axis
        axis.including.append(0)
        let values = groups.flatMap { group in
            group.bars.flatMap { [$0.value, $0.error?.high ?? $0.value] } + (group.reference.map { [$0] } ?? [])
        }
        let scale = axis.scale(for: values, ticks: form.isNarrow ? 3 : form == .half ? 4 : 6)
        func at(_ value: Double) -> Double { left + scale.share(value) * (right - left) }
        var svg = SVG(width: form.width, height: height)
        let bottom = height - 38
        for tick in scale.ticks { svg.text(tick.text, at(tick.value), bottom + 16, "t n", anchor: "middle") }
        svg.text(axis.title, (left + right) / 2, height - 5, "t a", anchor: "middle")
        var y = 0.0
        for group in groups {
            if !group.name.isEmpty {
                svg.text(group.name, 0, y + 16, "t h")
                y += heading
            }
            let top = y
            let end = top + Double(group.bars.count) * row
            for tick in scale.ticks {
                svg.line(at(tick.value), top, at(tick.value), end, tick.value == 0 ? "ax" : "gr")
            }
            for bar in group.bars {
                draw(bar, at: y + row / 2, from: left, on: &svg, place: at, form)
                y += row
            }
            if let reference = group.reference {
                svg.line(at(reference), top - 2, at(reference), y + 1, "rf")
            }
            y += 6
        }
        return svg.document("\(id)-\(form.rawValue)", style: form.rawValue, title: title, summary: summary)
    }

    private func draw(
        _ bar: Bar, at y: Double, from left: Double, on svg: inout SVG, place: (Double) -> Double, _ form: Chart.Form
    ) {
        let limit = form.isNarrow ? 17 : 31
        let name = bar.name.count <= limit ? bar.name : String(bar.name.prefix(limit - 1)) + "…"
        svg.text(name, left - 8, y + 4, "t", anchor: "end")
        var start = 0.0
        for segment in bar.segments where segment.value > 0 {
            let from = place(start)
            let width = place(start + segment.value) - from
            svg.append("<g class=\"\(Palette.style(segment.colour))\">")
            svg.rectangle(from, y - 6.5, width, 13, "b", note: segment.name)
            svg.append("</g>")
            start += segment.value
        }
        var end = place(bar.value)
        if let error = bar.error {
            let low = place(max(error.low, 0))
            let high = place(error.high)
            svg.line(low, y, high, y, "w")
            svg.line(low, y - 3.5, low, y + 3.5, "w")
            svg.line(high, y - 3.5, high, y + 3.5, "w")
            end = max(end, high)
        }
        svg.text(bar.text, end + 6, y + 4, "t n")
    }
}
