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
}
