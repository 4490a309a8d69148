internal import Statistics

/// Parts of sentences.
enum Words {
    /// “a”, “a and b”, “a, b and c”.
    static func list(_ items: [String]) -> String {
        guard let last = items.last, items.count > 1 else { return items.first ?? "" }
        return items.dropLast().joined(separator: ", ") + " and " + last
    }

    /// “1 test”, “12 tests”.
    static func count(_ number: Int, _ noun: String) -> String {
        "\(Numerals.grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    /// “by 0.034 nats per token, interval 0.021 to 0.047”.
    /// - Parameters:
    ///   - turned: write the other way round, as a positive margin of the second.
    ///   - isSigned: write the sign, for what may go either way.
    static func margin(
        _ difference: PairedBootstrap.Estimate, turned: Bool = false, isSigned: Bool = false
    ) -> String {
        let sign = turned ? -1.0 : 1.0
        let write = isSigned ? { Numerals.signed($0, 3) } : { Numerals.fixed($0, 3) }
        let value = (isSigned ? "" : "by ") + write(difference.value * sign) + " nats per token"
        guard let interval = difference.interval else { return value + ", too few rows for an interval" }
        let ends = [interval.low * sign, interval.high * sign].sorted()
        return value + ", interval \(write(ends[0])) to \(write(ends[1]))"
    }
}

extension SizeMatch.Criterion {
    /// In sentences after “equal”.
    var noun: String {
        switch self {
        case .parameters: "parameters"
        case .memory: "memory"
        case .latency: "decode latency"
        }
    }

    /// A value with its unit.
    func text(_ value: Double) -> String {
        switch self {
        case .parameters: Numerals.short(value)
        case .memory: Numerals.bytes(Int(value))
        case .latency: Numerals.fixed(value * 1000, 2) + " ms per token"
        }
    }
}
