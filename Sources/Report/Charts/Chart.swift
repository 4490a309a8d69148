internal import Statistics

/// Series over two axes. `svg` draws it; colours, fonts and line widths come from the page's style sheet, so that one
/// drawing serves light and dark.
struct Chart: Sendable {
    /// One point, with what is known about its error.
    struct Point: Sendable {
        var x: Double
        var y: Double
        /// The ends of the error bar.
        var error: Interval?
        /// What a pointer over the mark shows.
        var note = ""
        /// Written beside the mark.
        var label: String?
        /// Drawn as an outline: an earlier state of what the filled mark shows.
        var isHollow = false
    }

    /// How points are joined.
    enum Line: Sendable {
        case none
        case straight
        /// Level until the next point.
        case steps
    }

    /// Points of one kind.
    struct Series: Sendable {
        var name: String
        /// Which of the eight colours and marks; nil is the quiet grey of what stands in the background.
        var colour: Int?
        var points: [Point]
        var line: Line = .straight
        var isDashed = false
        /// Drawn thin: it only ties marks together.
        var isFaint = false
        var hasMarks = true
        /// Whether the name is written at the last point, where there is room for it.
        var isLabelled = true
        /// Whether it has an entry in the legend; several series of one colour need only one.
        var isInLegend = true
    }

    /// A vertical line at which something changes.
    struct Boundary: Sendable {
        var x: Double
        var text: String
    }

    var title: String
    /// What a reader who cannot see it should know.
    var summary: String
    var x: Axis
    var y: Axis
    var series: [Series]
    var boundaries: [Boundary] = []
    /// The highest value drawn; what lies above is an arrow at the upper edge with its number.
    var limit: Double?

    /// The sizes that a chart is drawn in; the page shows the one that fits.
    enum Form: String, Sendable, CaseIterable {
        case full, half, narrow

        var width: Double { self == .full ? 1040 : self == .half ? 520 : 360 }
        var height: Double { self == .full ? 420 : self == .half ? 340 : 300 }
        var isNarrow: Bool { self == .narrow }
    }

    /// The names and colours, for the list under the title.
    var legend: [(name: String, colour: Int?, isDashed: Bool)] {
        series.filter { $0.isInLegend && !$0.points.isEmpty }.map { ($0.name, $0.colour, $0.isDashed) }
    }

    /// A limit that keeps a few very high values from pressing all others together: three times as far from the least
    /// value as the median is; nil when nothing lies above.
    static func limit(for values: [Double]) -> Double? {
        let sorted = values.filter(\.isFinite).sorted()
        guard let least = sorted.first, let most = sorted.last else { return nil }
        let limit = least + 3 * (sorted[sorted.count / 2] - least)
        return limit > least && most > limit ? limit : nil
    }

    /// Whether there is anything to draw.
    var isEmpty: Bool { series.allSatisfy(\.points.isEmpty) }
}
