/// Finds room for labels, so that no two lie on each other.
struct LabelPlaces {
    private struct Box {
        var left, top, right, bottom: Double

        func overlap(_ other: Box) -> Double {
            max(0, min(right, other.right) - max(left, other.left))
                * max(0, min(bottom, other.bottom) - max(top, other.top))
        }
    }
    private var taken: [Box] = []
    private let bounds: Box

    /// - Parameters: the part of the drawing that labels may use.
    init(left: Double, top: Double, right: Double, bottom: Double) {
        bounds = Box(left: left, top: top, right: right, bottom: bottom)
    }

    /// Keeps labels off a mark.
    mutating func block(_ x: Double, _ y: Double, radius: Double) {
        taken.append(Box(left: x - radius, top: y - radius, right: x + radius, bottom: y + radius))
    }

    /// Where a label of a mark at (x, y) covers least: right of it, left, above or below; its baseline and anchor.
    mutating func place(_ text: String, beside x: Double, _ y: Double) -> (x: Double, y: Double, anchor: String) {
        let width = SVG.width(of: text)
        let half = SVG.lineHeight / 2
        let choices: [(x: Double, y: Double, anchor: String, box: Box)] = [
            (x + 9, y, "start", Box(left: x + 8, top: y - half, right: x + 9 + width, bottom: y + half)),
            (x - 9, y, "end", Box(left: x - 9 - width, top: y - half, right: x - 8, bottom: y + half)),
            (
                x, y - 15, "middle",
                Box(left: x - width / 2, top: y - 15 - half, right: x + width / 2, bottom: y - 15 + half)
            ),
            (
                x, y + 15, "middle",
                Box(left: x - width / 2, top: y + 15 - half, right: x + width / 2, bottom: y + 15 + half)
            ),
            (x + 9, y - 13, "start", Box(left: x + 8, top: y - 13 - half, right: x + 9 + width, bottom: y - 13 + half)),
            (x + 9, y + 13, "start", Box(left: x + 8, top: y + 13 - half, right: x + 9 + width, bottom: y + 13 + half)),
            (x - 9, y - 13, "end", Box(left: x - 9 - width, top: y - 13 - half, right: x - 8, bottom: y - 13 + half)),
            (x - 9, y + 13, "end", Box(left: x - 9 - width, top: y + 13 - half, right: x - 8, bottom: y + 13 + half)),
        ]
        let best = choices.enumerated().min { one, other in
            (cost(one.element.box), one.offset) < (cost(other.element.box), other.offset)
        }
        guard let place = best?.element else { return (x + 9, y, "start") }
        taken.append(place.box)
        return (place.x, place.y + 4, place.anchor)
    }

    private func cost(_ box: Box) -> Double {
        let outside =
            max(0, bounds.left - box.left) + max(0, box.right - bounds.right) + max(0, bounds.top - box.top)
            + max(0, box.bottom - bounds.bottom)
        return taken.reduce(outside * 100) { $0 + $1.overlap(box) }
    }

    /// Heights of labels in a column, as near to what was wanted as a line's height between them allows.
    static func spread(_ wanted: [Double], from top: Double, to bottom: Double) -> [Double] {
        let order = wanted.indices.sorted { (wanted[$0], $0) < (wanted[$1], $1) }
        var places = wanted
        var least = top
        for index in order {
            places[index] = max(wanted[index], least)
            least = places[index] + SVG.lineHeight
        }
        var most = bottom
        for index in order.reversed() {
            places[index] = min(places[index], most)
            most = places[index] - SVG.lineHeight
        }
        return places
    }
}
