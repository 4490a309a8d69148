internal import Statistics

extension Chart {
    /// The drawing in one form.
    /// - Parameter id: unique in the page.
    func svg(_ id: String, _ form: Form) -> String {
        let drawing = Drawing(self, form)
        return drawing.svg.document("\(id)-\(form.rawValue)", style: form.rawValue, title: title, summary: summary)
    }

    /// One drawing in the making.
    private struct Drawing {
        let chart: Chart
        let form: Form
        var svg: SVG
        let xScale: Axis.Scale
        let yScale: Axis.Scale
        let left: Double
        let right: Double
        let top: Double
        let bottom: Double

        init(_ chart: Chart, _ form: Form) {
            self.chart = chart
            self.form = form
            svg = SVG(width: form.width, height: form.height)
            let points = chart.series.flatMap(\.points)
            xScale = chart.x.scale(
                for: points.map(\.x) + chart.boundaries.map(\.x), ticks: form == .full ? 8 : form == .half ? 5 : 3)
            yScale = chart.y.scale(
                for: points.flatMap { [$0.y, $0.error?.low ?? $0.y, $0.error?.high ?? $0.y] }
                    .map { min($0, chart.limit ?? .infinity) }, ticks: form.isNarrow ? 4 : 5)
            let widest = yScale.ticks.map { SVG.width(of: $0.text) }.max() ?? 0
            let labels = form.isNarrow ? [] : chart.series.filter { $0.isLabelled && !$0.points.isEmpty }
            let widths = labels.map { series in
                SVG.width(of: series.name)
                    + (series.points.last.map { $0.y > chart.limit ?? .infinity } == true ? 44 : 0)
            }
            let room = min(widths.max() ?? 0, form == .full ? 220 : 150)
            left = widest + 12
            right = form.width - (room > 0 ? room + 18 : 14)
            top = 34
            bottom = form.height - 40
            drawAxes()
            drawBoundaries()
            for series in chart.series { drawLine(series) }
            for series in chart.series { drawMarks(series) }
            if !form.isNarrow { drawNames() }
            drawPointLabels()
        }

        /// Where a point lies; what is too high lies on the upper edge.
        func place(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
            onPlane(x, isTooHigh(y) ? yScale.high : y)
        }

        private func onPlane(_ x: Double, _ y: Double) -> (x: Double, y: Double) {
            (left + xScale.share(x) * (right - left), bottom - yScale.share(y) * (bottom - top))
        }

        func isTooHigh(_ y: Double) -> Bool { chart.limit != nil && y > yScale.high }

        /// A name, with its number where the mark cannot show it.
        func label(_ text: String, for point: Point) -> String {
            isTooHigh(point.y) ? "\(text) ↑ \(Numerals.fixed(point.y, 2))" : text
        }

        mutating func drawAxes() {
            svg.text(chart.y.title, 0, 12, "t a")
            for tick in yScale.ticks {
                let y = place(xScale.low, tick.value).y
                svg.line(left, y, right, y, tick.value == yScale.low ? "ax" : tick.value == 0 ? "zero" : "gr")
                svg.text(tick.text, left - 7, y + 4, "t n", anchor: "end")
            }
            for tick in xScale.ticks {
                let x = place(tick.value, yScale.low).x
                svg.line(x, bottom, x, bottom + 4, "ax")
                svg.text(tick.text, x, bottom + 17, "t n", anchor: "middle")
            }
            svg.text(chart.x.title, (left + right) / 2, form.height - 5, "t a", anchor: "middle")
        }

        mutating func drawBoundaries() {
            // A text that would run into the one before goes into the next row.
            var ends: [Double] = []
            for boundary in chart.boundaries {
                let x = place(boundary.x, yScale.low).x
                let width = SVG.width(of: boundary.text)
                let fits = x + width < form.width
                let start = fits ? x + 5 : x - 5 - width
                let row = ends.firstIndex { $0 < start } ?? ends.count
                if row == ends.count { ends.append(0) }
                ends[row] = start + width + 4
                svg.line(x, top - 8, x, bottom, "bd")
                svg.text(
                    boundary.text, fits ? x + 5 : x - 5, top + Double(row) * 13, "t q", anchor: fits ? "start" : "end")
            }
        }

        mutating func drawLine(_ series: Series) {
            guard series.line != .none, series.points.count > 1 else { return }
            let stride = max(1, series.points.count / 400)
            var points = series.points.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
            if let last = series.points.last, (series.points.count - 1) % stride != 0 { points.append(last) }
            // A drawing inside the drawing cuts off what lies above the limit.
            let box = [0, top - 2, form.width, bottom - top + 4].map { Markup.coordinate($0) }
            if chart.limit != nil {
                svg.append(
                    "<svg y=\"\(box[1])\" width=\"\(box[2])\" height=\"\(box[3])\" viewBox=\"\(box.joined(separator: " "))\">"
                )
            }
            svg.append("<g class=\"\(Drawing.style(series))\">")
            svg.path(
                points.map { onPlane($0.x, $0.y) }, steps: series.line == .steps,
                series.isDashed ? "l d" : series.isFaint ? "l f" : "l")
            svg.append("</g>")
            if chart.limit != nil { svg.append("</svg>") }
        }

        mutating func drawMarks(_ series: Series) {
            guard series.hasMarks || series.points.contains(where: { $0.error != nil }) else { return }
            svg.append("<g class=\"\(Drawing.style(series))\">")
            for (index, point) in series.points.enumerated() {
                let at = place(point.x, point.y)
                if let error = point.error, !isTooHigh(point.y) {
                    let low = place(point.x, error.low).y
                    let high = place(point.x, error.high).y
                    svg.line(at.x, low, at.x, high, "e")
                    svg.line(at.x - 4, low, at.x + 4, low, "e")
                    svg.line(at.x - 4, high, at.x + 4, high, "e")
                }
                guard series.hasMarks else { continue }
                let note = point.note.isEmpty ? series.name : point.note
                if isTooHigh(point.y) {
                    // Of a long line only its end: the rest is the line's to show.
                    guard series.points.count <= 6 || index == series.points.count - 1 else { continue }
                    svg.path([(at.x - 4, at.y + 3), (at.x, at.y - 5), (at.x + 4, at.y + 3)], "iv")
                    continue
                }
                svg.mark(
                    series.colour, at.x, at.y, hollow: point.isHollow, note: note,
                    radius: series.points.count > 12 ? 3.5 : 5)
            }
            svg.append("</g>")
        }

        /// Names at the ends of the lines.
        mutating func drawNames() {
            let named = chart.series.filter { $0.isLabelled }.compactMap { series in
                series.points.last.map { last in
                    let name = Drawing.shortened(series.name, to: form == .full ? 34 : 23)
                    return (text: label(name, for: last), style: Drawing.style(series), end: place(last.x, last.y))
                }
            }
            // Lines that end long before the right edge carry their names there.
            let early = named.filter { right - $0.end.x > 0.25 * (right - left) }
            for name in early {
                svg.append("<g class=\"\(name.style)\">")
                svg.text(name.text, name.end.x + 9, name.end.y + 4, "t c")
                svg.append("</g>")
            }
            let late = named.filter { right - $0.end.x <= 0.25 * (right - left) }
            let heights = LabelPlaces.spread(late.map(\.end.y), from: top, to: bottom)
            for (name, height) in zip(late, heights) {
                svg.append("<g class=\"\(name.style)\">")
                if abs(height - name.end.y) > 2 || name.end.x < right - 2 {
                    svg.path([(name.end.x + 6, name.end.y), (right + 8, height)], "ld")
                }
                svg.text(name.text, right + 11, height + 4, "t c")
                svg.append("</g>")
            }
        }

        /// Labels of single points, where nothing else stands.
        mutating func drawPointLabels() {
            var places = LabelPlaces(left: left, top: top - 8, right: form.width, bottom: bottom)
            for series in chart.series where series.hasMarks {
                for point in series.points { let at = place(point.x, point.y); places.block(at.x, at.y, radius: 5) }
            }
            for series in chart.series {
                for point in series.points {
                    guard let label = point.label else { continue }
                    let at = place(point.x, point.y)
                    let text = self.label(label, for: point)
                    let found = places.place(text, beside: at.x, at.y)
                    svg.append("<g class=\"\(Drawing.style(series))\">")
                    svg.text(text, found.x, found.y, "t c", anchor: found.anchor)
                    svg.append("</g>")
                }
            }
        }

        static func style(_ series: Series) -> String { Palette.style(series.colour) }

        static func shortened(_ text: String, to length: Int) -> String {
            text.count <= length ? text : String(text.prefix(length - 1)) + "…"
        }
    }
}
