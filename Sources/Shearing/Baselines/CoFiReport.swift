/// How far the masks of a run towards a size have come. Sparsities are shares of removed parameters (overall) or
/// variables (families), 0 to 1.
public struct CoFiReport: Codable, Sendable, Equatable {
    public let step: Int
    public let constraint: SparsityConstraint
    /// Expected overall sparsity.
    public let expected: Double
    /// What the schedule asks for at this step, and in the end.
    public let scheduled: Double
    public let target: Double
    public let families: [Family]
    /// λ1 and λ2, nil where the constraint has none.
    public let linearMultiplier: Double?
    public let quadraticMultiplier: Double?

    /// One family's variables.
    public struct Family: Codable, Sendable, Equatable {
        public let family: CoFiLayout.Family
        public let expected: Double
        /// Share of variables with |log-alpha| < 2.5.
        public let undecided: Double
    }

    /// The report as aligned text: all parameters, then one line per family.
    public var table: String {
        func multiplier(_ value: Double?) -> String { value.map { ReportTable.number($0, digits: 2) } ?? "-" }
        var lines = [
            ["family", "expected", "asked", "target", "undecided", "l1", "l2"],
            [
                "parameters", ReportTable.number(expected), ReportTable.number(scheduled), ReportTable.number(target),
                "-",
                multiplier(linearMultiplier), multiplier(quadraticMultiplier),
            ],
        ]
        for family in families {
            lines.append([
                family.family.rawValue, ReportTable.number(family.expected), "-", "-",
                ReportTable.number(family.undecided), "-", "-",
            ])
        }
        return ReportTable.aligned(lines)
    }
}
