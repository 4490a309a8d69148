/// Reports as text in columns.
enum ReportTable {
    /// Lines of as many cells each, the first column flush left, the others flush right.
    static func aligned(_ lines: [[String]]) -> String {
        let widths = (lines.first ?? []).indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        let aligned = lines.map { cells in
            let padded = cells.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + padding : padding + cell
            }
            return padded.joined(separator: "  ")
        }
        return aligned.joined(separator: "\n")
    }

    /// A share as whole percents.
    static func percent(_ share: Double) -> String {
        share.isFinite ? "\(Int((100 * share).rounded()))%" : "\(share)"
    }

    /// A number with so many decimals.
    static func number(_ value: Double, digits: Int = 4) -> String {
        guard value.isFinite else { return "\(value)" }
        let scale = (0..<digits).reduce(1) { power, _ in power * 10 }
        let scaled = Int((abs(value) * Double(scale)).rounded())
        let fraction = String(scaled % scale)
        let sign = value < 0 && scaled != 0 ? "-" : ""
        return sign + "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
