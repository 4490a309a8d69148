import Corpus
import Foundation
import Testing

@testable import Report

@Suite struct ChartTests {
    @Test(
        arguments: [
            ([0, 10], 5, ["0", "2", "4", "6", "8", "10"]), ([3.61, 4.38], 4, ["3.6", "3.8", "4.0", "4.2", "4.4"]),
            ([0.012, 0.013], 2, ["0.0120", "0.0125", "0.0130"]),
            ([-0.3, 0.1], 4, ["−0.3", "−0.2", "−0.1", "0.0", "0.1"]),
        ] as [([Double], Int, [String])])
    func ticksAreRoundNumbers(values: [Double], count: Int, texts: [String]) {
        let found = Axis(title: "").scale(for: values, ticks: count).ticks.map { $0.text }
        #expect(found == texts)
        let sizes = Axis(title: "", format: { Numerals.tick($0) }).scale(for: [86e6, 135e6], ticks: 3)
        #expect(sizes.ticks.map { $0.text } == ["80 M", "100 M", "120 M", "140 M"])
    }

    /// Whatever the data: ticks rise in equal steps, hold all values between them and are neither none nor many.
    @Test func ticksHoldAnyValues() {
        var stream = RandomStream(seed: 5, name: "test")
        for _ in 0..<2000 {
            var size = 1e-6
            for _ in 0..<stream.integer(below: 18) { size *= 10 }
            let values = (0..<3).map { _ in (stream.uniform() - 0.5) * size }
            let scale = Axis(title: "").scale(for: values, ticks: 5)
            let ticks = scale.ticks.map(\.value)
            #expect((2...12).contains(ticks.count), "\(values)")
            #expect(values.allSatisfy { scale.low - 1e-9 * size <= $0 && $0 <= scale.high + 1e-9 * size })
            let steps = zip(ticks, ticks.dropFirst()).map { $1 - $0 }
            #expect(steps.allSatisfy { abs($0 - steps[0]) < 1e-6 * size })
        }
        #expect(Axis(title: "").scale(for: [4, 4], ticks: 4).ticks.count > 1)
        #expect(Axis(title: "").scale(for: [], ticks: 4).ticks.count > 1)
    }

    @Test func labelsOfAColumnKeepTheirDistance() {
        var stream = RandomStream(seed: 6, name: "test")
        for _ in 0..<200 {
            let wanted = (0..<8).map { _ in 20 + 260 * stream.uniform() }
            let placed = LabelPlaces.spread(wanted, from: 20, to: 280).sorted()
            #expect(zip(placed, placed.dropFirst()).allSatisfy { $1 - $0 > SVG.lineHeight - 1e-9 })
            #expect(placed.allSatisfy { $0 > 20 - 1e-9 && $0 < 280 + 1e-9 })
        }
    }

    @Test func aFewVeryHighValuesBecomeArrows() throws {
        let limit = try #require(Chart.limit(for: [3, 3.5, 3.6, 3.7, 11]))
        #expect(limit > 3.7 && limit < 11)
        #expect(Chart.limit(for: [3, 3.5, 4]) == nil && Chart.limit(for: []) == nil)
        let points = [3, 3.5, 3.6, 3.7, 11].enumerated().map { Chart.Point(x: Double($0.offset), y: $0.element) }
        let chart = Chart(
            title: "t", summary: "s", x: Axis(title: "x"), y: Axis(title: "y"),
            series: [Chart.Series(name: "arm", colour: 0, points: points)], limit: limit)
        #expect(chart.svg("i", .half).contains("arm ↑ 11.00"))
    }

    @Test func textInDrawingsIsEscaped() {
        let chart = Chart(
            title: "<t>", summary: "a & b", x: Axis(title: "\"x\""), y: Axis(title: "y'"),
            series: [Chart.Series(name: "<script>", colour: 1, points: [.init(x: 1, y: 1), .init(x: 2, y: 2)])])
        for form in Chart.Form.allCases {
            let svg = chart.svg("id", form)
            #expect(svg.contains("&lt;t&gt;") && svg.contains("a &amp; b") && svg.contains("&quot;x&quot;"))
            #expect(!svg.contains("<script>"))
        }
    }

    // MARK: - Colours

    /// Linear light of a colour.
    private func light(_ hex: String) -> [Double] {
        let bytes = Array(hex.utf8.dropFirst()).map { Int(String(UnicodeScalar($0)), radix: 16) ?? 0 }
        return stride(from: 0, to: 6, by: 2).map { index in
            let value = Double(bytes[index] * 16 + bytes[index + 1]) / 255
            return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
        }
    }

    private func times(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
        matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
    }

    /// OKLab (Ottosson 2020).
    private func lab(_ light: [Double]) -> [Double] {
        let cones = times(
            [
                [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ], light.map { min(max($0, 0), 1) })
        return times(
            [
                [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ], cones.map { pow($0, 1.0 / 3) })
    }

    /// Full severity of Machado, Oliveira and Fernandes (2009): none, protanopia, deuteranopia, tritanopia.
    private let visions: [[[Double]]] = [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]

    @Test func tenArmsHaveTenMarks() {
        let drawn = (0..<10).map { arm in
            var svg = SVG(width: 12, height: 12)
            svg.append("<g class=\"\(Palette.style(arm))\">")
            svg.mark(arm, 6, 6, hollow: false, note: "")
            return svg.ornament()
        }
        #expect(Set(drawn).count == 10)
        #expect((0..<8).map(Palette.mark) == Array(0..<8), "the first eight keep the marks of their colours")
    }

    @Test(arguments: [(Palette.light, "#ffffff"), (Palette.dark, "#16191d")])
    func coloursStayApartForEveryEyeAndStandOutFromTheCard(colours: [String], card: String) {
        func luminance(_ hex: String) -> Double {
            zip(light(hex), [0.2126, 0.7152, 0.0722]).reduce(0) { $0 + $1.0 * $1.1 }
        }
        for colour in colours {
            let pair = [luminance(colour), luminance(card)].sorted()
            #expect((pair[1] + 0.05) / (pair[0] + 0.05) >= 3, "\(colour) on \(card)")
        }
        for (index, vision) in visions.enumerated() {
            let seen = colours.map { lab(times(vision, light($0))) }
            for one in seen.indices {
                for other in (one + 1)..<seen.count {
                    let distance = zip(seen[one], seen[other]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                        .squareRoot()
                    #expect(distance > 0.045, "\(colours[one]) and \(colours[other]), vision \(index): \(distance)")
                }
            }
        }
        #expect(colours.count == 8)
    }
}
