/// One of the two or three things that a search weighs against each other.
public struct SearchObjective: Codable, Sendable, Hashable {
    /// Which values are better.
    public enum Goal: String, Codable, Sendable {
        case minimise, maximise
    }

    /// Where values come from.
    public enum Source: String, Codable, Sendable {
        /// The evaluator measures it, at a price: a predictor stands in for it between measurements.
        case measured
        /// Arithmetic on the genome gives it exactly, at no price: it is never predicted.
        case computed
    }

    /// Its name, as in journals and reports.
    public let name: String
    public let goal: Goal
    public let source: Source

    public init(_ name: String, _ goal: Goal, _ source: Source) {
        self.name = name
        self.goal = goal
        self.source = source
    }

    /// `value` turned so that smaller is better; its own inverse.
    public func minimised(_ value: Double) -> Double {
        goal == .minimise ? value : -value
    }
}

extension [SearchObjective] {
    /// One value per objective, turned so that smaller is better; its own inverse.
    func minimised(_ scores: [Double]) -> [Double] {
        zip(self, scores).map { $0.minimised($1) }
    }
    /// The given values of measured and of computed objectives, each in the objectives' order, as one list in that order.
    func merged(measured: [Double], computed: [Double]) -> [Double] {
        var (measured, computed) = (measured[...], computed[...])
        let merged = compactMap { $0.source == .measured ? measured.popFirst() : computed.popFirst() }
        precondition(
            merged.count == count && measured.isEmpty && computed.isEmpty,
            "an evaluator gives one value for each objective that it is asked for")
        return merged
    }

    /// - Throws: `SearchError.invalidArgument` unless they are two or three of different names that fit a table.
    func check() throws(SearchError) {
        let names = map(\.name)
        guard (2...3).contains(count), Set(names).count == count else {
            throw .invalidArgument(
                reason:
                    "A search was given the objectives \(names.isEmpty ? "of nothing" : names.joined(separator: ", "))",
                remedy: "name two or three different ones")
        }
        for name in names where name.isEmpty || name.contains(where: { ",\"\n\r".contains($0) }) {
            throw .invalidArgument(
                reason: "The objective '\(name)' has a name that is empty or would break a row of a table",
                remedy: "name it without commas, quotes and line ends")
        }
    }

    /// - Throws: `SearchError.invalidArgument` as `check()`, and when the point does not fit the objectives.
    func check(reference: [Double]) throws(SearchError) {
        try check()
        guard reference.count == count, reference.allSatisfy(\.isFinite) else {
            throw .invalidArgument(
                reason: "The reference point \(reference) does not fit the objectives "
                    + map(\.name).joined(separator: ", "),
                remedy: "give one finite number for each")
        }
    }
}
