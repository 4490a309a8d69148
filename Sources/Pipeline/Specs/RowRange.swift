/// Which held-out rows of each domain a stage looks at: `rows: 16` is the first 16, `rows: { from: 16, count: 8 }` the
/// eight after them, `rows: { from: 16 }` all after them.
public struct RowRange: Encodable, Sendable, Equatable {
    /// The first row, counted from 0.
    public var from = 0
    /// How many rows at most; nil: all that follow.
    public var count: Int?

    enum CodingKeys: String, CodingKey { case from, count }

    /// Ranges from the first row on keep the form of a number, 0 for all.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        if from == 0 {
            var container = encoder.singleValueContainer()
            try container.encode(count ?? 0)
        } else {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(from, forKey: .from)
            try container.encodeIfPresent(count, forKey: .count)
        }
    }

    /// How many of a domain's rows that is.
    func taken(of available: Int) -> Int { min(max(available - from, 0), count ?? .max) }

    /// The same range in smaller pieces, `length` to a row.
    func scaled(by length: Int) -> RowRange {
        func scaled(_ rows: Int) -> Int {
            let (product, overflow) = rows.multipliedReportingOverflow(by: length)
            return overflow ? .max : product
        }
        return RowRange(from: scaled(from), count: count.map(scaled))
    }

    /// Whether a domain with enough rows has one in both ranges.
    func overlaps(_ other: RowRange) -> Bool {
        func end(_ range: RowRange) -> Int {
            guard let count = range.count else { return .max }
            let (end, overflow) = range.from.addingReportingOverflow(count)
            return overflow ? .max : end
        }
        return from < end(other) && other.from < end(self)
    }
}

extension RowRange: CustomStringConvertible {
    /// “rows 16 to 23”, “rows from 16 on”, “all rows”.
    public var description: String {
        switch count {
        case nil: from == 0 ? "all rows" : "rows from \(from) on"
        case 1?: "row \(from)"
        case let count?: "rows \(from) to \(from + count - 1)"
        }
    }
}
