/// Numbers as people read them, the same on every machine: a point for decimals, commas between thousands.
public enum Numerals {
    /// A number with so many digits after the point.
    public static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int((abs(value) * scale).rounded())
        let sign = value < 0 && whole > 0 ? "−" : ""
        guard digits > 0 else { return sign + String(whole) }
        let text = String(whole)
        let padded = String(repeating: "0", count: max(0, digits + 1 - text.count)) + text
        return sign + padded.dropLast(digits) + "." + padded.suffix(digits)
    }

    /// A difference: always with its sign.
    public static func signed(_ value: Double, _ digits: Int) -> String {
        let text = fixed(value, digits)
        let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
        return value > 0 && !isZero ? "+" + text : text
    }

    /// 1234567 as “1,234,567”.
    public static func grouped(_ value: Int) -> String {
        var digits = String(value.magnitude)
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (value < 0 ? "−" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// Three significant digits with a decimal prefix: “86.5 M”, “2.10 P”, “112 k”.
    public static func short(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : "\(value)" }
        let prefixes: [(Double, String)] = [
            (1e18, " E"), (1e15, " P"), (1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k"), (1, ""),
        ]
        // What rounds up to 1000 takes the next prefix.
        let (size, prefix) = prefixes.first { abs(value) >= $0.0 * 0.9995 } ?? (1, "")
        let scaled = value / size
        return fixed(scaled, prefix.isEmpty && scaled == scaled.rounded() ? 0 : decimals(scaled)) + prefix
    }

    /// Digits after the point that make three significant ones, for numbers from 0.001 on.
    private static func decimals(_ value: Double) -> Int {
        switch abs(value) {
        case 99.95...: 0
        case 9.995...: 1
        case 0.9995...: 2
        case 0.09995...: 3
        default: 4
        }
    }

    /// Bytes in powers of 1024.
    public static func bytes(_ value: Int) -> String {
        var scaled = Double(value)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if scaled < 1023.5 { return fixed(scaled, unit == "B" || scaled >= 99.95 ? 0 : 1) + " " + unit }
            scaled /= 1024
        }
        return fixed(scaled, 1) + " TiB"
    }

    /// Seconds as “12 s”, “3 min 20 s”, “4 h 10 min”, “12.0 days”, “3 years”.
    public static func time(_ seconds: Double) -> String {
        guard seconds.isFinite else { return "?" }
        if seconds < 9.95 { return fixed(seconds, 1) + " s" }
        if seconds < 89.5 { return fixed(seconds, 0) + " s" }
        let whole = Int(min(seconds, 1e9).rounded())
        if whole < 5400 { return "\(whole / 60) min \(whole % 60) s" }
        if whole < 172_800 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
        if seconds < 730 * 86_400 { return fixed(seconds / 86_400, 1) + " days" }
        return fixed(seconds / 31_557_600, 0) + " years"
    }

    /// A share as a percentage, for columns of numbers: always so many decimals.
    static func share(_ share: Double, _ digits: Int = 1) -> String { fixed(share * 100, digits) + " %" }

    /// A share as a percentage, for sentences: at most so many decimals, and no more than it needs.
    public static func percent(_ share: Double, _ digits: Int = 2) -> String {
        trimmed(fixed(share * 100, digits)) + " %"
    }

    /// Without zeros at the end of the decimals.
    static func trimmed(_ number: String) -> String {
        guard number.contains(".") else { return number }
        var number = number
        while number.hasSuffix("0") { number.removeLast() }
        if number.hasSuffix(".") { number.removeLast() }
        return number
    }

    /// A p-value with its sign: three digits, or below which bound it is.
    public static func probability(_ value: Double) -> String {
        value < 0.001 ? "p < 0.001" : "p = " + fixed(value, 3)
    }

    /// Floating-point operations.
    public static func operations(_ value: Double) -> String {
        let text = short(value)
        return text + (text.contains(" ") ? "FLOP" : " FLOP")
    }
}

extension Numerals {
    /// `short` without zeros at the end, for ticks: “80 M”, “2.5 P”.
    static func tick(_ value: Double) -> String {
        let parts = short(value).split(separator: " ", maxSplits: 1).map(String.init)
        return ([trimmed(parts[0])] + parts.dropFirst()).joined(separator: " ")
    }
}
