internal import Glibc

/// One axis of a chart: what it shows, from where to where, and where its ticks stand.
struct Axis: Sendable {
    /// What is shown, with its unit.
    var title: String
    /// How a tick is written; nil writes as many decimals as the step between ticks needs.
    var format: (@Sendable (Double) -> String)?
    /// Values that must lie on the axis, such as 0 for bars.
    var including: [Double] = []
    /// Names instead of numbers: category i stands at i.
    var categories: [String]?

    /// An axis laid out for given data.
    struct Scale: Sendable {
        let low: Double
        let high: Double
        let ticks: [(value: Double, text: String)]

        /// Where a value lies, 0 at the low end and 1 at the high end.
        func share(_ value: Double) -> Double { (value - low) / (high - low) }
    }

    /// Lays out for values: about `count` ticks at multiples of 1, 2, 2.5 or 5 times a power of ten, ends on ticks.
    func scale(for values: [Double], ticks count: Int) -> Scale {
        if let categories {
            let last = Double(max(categories.count - 1, 1))
            return Scale(
                low: -0.12 * last, high: last * 1.12,
                ticks: categories.enumerated().map { (Double($0.offset), $0.element) })
        }
        let all = (values + including).filter(\.isFinite)
        var low = all.min() ?? 0
        var high = all.max() ?? 1
        if high - low <= abs(high) * 1e-9 {
            let margin = high == 0 ? 1 : abs(high) * 0.05
            (low, high) = (including.contains(low) ? low : low - margin, high + margin)
        }
        let step = Axis.step(for: (high - low) / Double(max(count, 1)))
        let first = (low / step + 1e-9).rounded(.down)
        let last = (high / step - 1e-9).rounded(.up)
        let digits = Axis.decimals(of: step)
        let ticks = (0...Int(last - first)).map { index in
            let value = (first + Double(index)) * step
            return (value, format?(value) ?? Numerals.fixed(value, digits))
        }
        return Scale(low: first * step, high: last * step, ticks: ticks)
    }

    /// The least of 1, 2, 2.5, 5 times a power of ten that is not below `rough`.
    static func step(for rough: Double) -> Double {
        let power = pow(10, floor(log10(rough)))
        for factor in [1.0, 2, 2.5, 5] where factor * power >= rough * (1 - 1e-9) { return factor * power }
        return 10 * power
    }

    /// Decimals that write a step exactly.
    static func decimals(of step: Double) -> Int {
        var digits = 0
        var scaled = step
        while digits < 9, abs(scaled - scaled.rounded()) > 1e-6 * scaled {
            scaled *= 10
            digits += 1
        }
        return digits
    }
}
