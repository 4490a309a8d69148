/// Collects the parts of one drawing.
struct SVG {
    /// Average advance of a character of the page's small text, pixels; used to keep labels apart.
    static let characterWidth = 6.3
    static let lineHeight = 14.0

    let width: Double
    let height: Double
    private(set) var content = ""

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// How wide a text will be, about.
    static func width(of text: String) -> Double { Double(text.count) * characterWidth }

    mutating func append(_ mark: String) { content += mark }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ style: String) {
        content += Markup.element(
            "line",
            [
                ("x1", Markup.coordinate(x1)), ("y1", Markup.coordinate(y1)), ("x2", Markup.coordinate(x2)),
                ("y2", Markup.coordinate(y2)), ("class", style),
            ])
    }

    mutating func text(_ text: String, _ x: Double, _ y: Double, _ style: String = "t", anchor: String = "start") {
        var attributes = [("x", Markup.coordinate(x)), ("y", Markup.coordinate(y)), ("class", style)]
        if anchor != "start" { attributes.append(("text-anchor", anchor)) }
        content += Markup.element("text", attributes, text: text)
    }

    mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String, note: String = ""
    ) {
        content += Markup.element(
            "rect",
            [
                ("x", Markup.coordinate(x)), ("y", Markup.coordinate(y)), ("width", Markup.coordinate(max(width, 0))),
                ("height", Markup.coordinate(height)), ("class", style),
            ], content: note.isEmpty ? nil : Markup.element("title", text: note))
    }

    /// Joined points; `style` names the class.
    mutating func path(_ points: [(x: Double, y: Double)], steps: Bool = false, _ style: String) {
        guard let first = points.first else { return }
        var data = "M\(Markup.coordinate(first.x)) \(Markup.coordinate(first.y))"
        for point in points.dropFirst() {
            if steps {
                data += "H\(Markup.coordinate(point.x))V\(Markup.coordinate(point.y))"
            } else {
                data += "L\(Markup.coordinate(point.x)) \(Markup.coordinate(point.y))"
            }
        }
        content += Markup.element("path", [("d", data), ("class", style)])
    }

    /// A mark whose shape goes with its colour, so that colour is never the only difference.
    mutating func mark(_ shape: Int?, _ x: Double, _ y: Double, hollow: Bool, note: String, radius: Double = 5) {
        let r = shape == nil ? 2.5 : radius
        let style = "m" + (hollow ? " o" : "")
        func at(_ dx: Double, _ dy: Double) -> String {
            "\(Markup.coordinate(x + dx * r)) \(Markup.coordinate(y + dy * r))"
        }
        let outline: String?
        switch shape.map(Palette.mark) {
        case 1?: outline = "M\(at(-0.9, -0.9))L\(at(0.9, -0.9))L\(at(0.9, 0.9))L\(at(-0.9, 0.9))Z"
        case 2?: outline = "M\(at(0, -1.25))L\(at(1.25, 0))L\(at(0, 1.25))L\(at(-1.25, 0))Z"
        case 3?: outline = "M\(at(0, -1.2))L\(at(1.15, 0.85))L\(at(-1.15, 0.85))Z"
        case 4?: outline = "M\(at(0, 1.2))L\(at(1.15, -0.85))L\(at(-1.15, -0.85))Z"
        case 5?:
            outline =
                "M\(at(-0.4, -1.1))L\(at(0.4, -1.1))L\(at(0.4, -0.4))L\(at(1.1, -0.4))L\(at(1.1, 0.4))L\(at(0.4, 0.4))"
                + "L\(at(0.4, 1.1))L\(at(-0.4, 1.1))L\(at(-0.4, 0.4))L\(at(-1.1, 0.4))L\(at(-1.1, -0.4))L\(at(-0.4, -0.4))Z"
        case 6?:
            outline =
                "M\(at(-0.6, -1))L\(at(0.6, -1))L\(at(1.15, 0))L\(at(0.6, 1))L\(at(-0.6, 1))L\(at(-1.15, 0))Z"
        case 7?: outline = "M\(at(-1.2, -0.7))L\(at(1.2, -0.7))L\(at(1.2, 0.7))L\(at(-1.2, 0.7))Z"
        default: outline = nil
        }
        let title = note.isEmpty ? nil : Markup.element("title", text: note)
        if let outline {
            content += Markup.element("path", [("d", outline), ("class", style)], content: title)
        } else {
            content += Markup.element(
                "circle",
                [
                    ("cx", Markup.coordinate(x)), ("cy", Markup.coordinate(y)), ("r", Markup.coordinate(r)),
                    ("class", style),
                ], content: title)
        }
    }

    /// The whole drawing with its title and description.
    func document(_ id: String, style: String, title: String, summary: String) -> String {
        Markup.element(
            "svg",
            [
                ("class", style), ("viewBox", "0 0 \(Markup.coordinate(width)) \(Markup.coordinate(height))"),
                ("role", "img"), ("aria-labelledby", "\(id)-t \(id)-d"),
            ],
            content: Markup.element("title", [("id", "\(id)-t")], text: title)
                + Markup.element("desc", [("id", "\(id)-d")], text: summary) + content)
    }
}
