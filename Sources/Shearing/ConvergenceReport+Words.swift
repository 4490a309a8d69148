extension ConvergenceReport {
    /// The report in one line: of each family the share removed in expectation against the target's, and of variables
    /// that are still undecided.
    public var summary: String {
        guard !families.isEmpty else { return "nothing is pruned by masks" }
        let parts = families.map { family in
            let share = ReportTable.number(family.expected, digits: 3)
            let target = ReportTable.number(family.target, digits: 3)
            return
                "\(family.rows.family.rawValue) \(share) of \(target) (\(ReportTable.percent(family.undecided)) undecided)"
        }
        return "removes in expectation, against the target: " + parts.joined(separator: ", ")
    }

    /// What stands between the masks and their target, with what to do about it; nil when they have arrived.
    public var shortfall: String? {
        guard let worst = families.max(by: { $0.gap < $1.gap }) else { return nil }
        return MaskShortfall(subject: worst.rows.family.rawValue, gap: worst.gap, constraint: constraint)?.description
    }
}

extension CoFiReport {
    /// The distance of the expected overall sparsity from the target.
    public var gap: Double { abs(expected - target) }

    /// As `ConvergenceReport.summary`, of all parameters.
    public var summary: String {
        let undecided = families.map { "\($0.family.rawValue) \(ReportTable.percent($0.undecided))" }
        let share = "\(ReportTable.number(expected, digits: 3)) of \(ReportTable.number(target, digits: 3))"
        return "removes in expectation, against the target: \(share) of all parameters (undecided: "
            + undecided.joined(separator: ", ") + ")"
    }

    /// As `ConvergenceReport.shortfall`.
    public var shortfall: String? {
        MaskShortfall(subject: "all parameters", gap: gap, constraint: constraint)?.description
    }
}

/// Masks that ended away from their target.
struct MaskShortfall: CustomStringConvertible {
    /// The largest distance of the expected sparsity from the target, as a share, at which masks count as arrived.
    static let tolerance = 0.02

    let subject: String
    let gap: Double
    let constraint: SparsityConstraint

    /// Nil when the masks have arrived. A gap that is no number has not.
    init?(subject: String, gap: Double, constraint: SparsityConstraint) {
        guard !(gap <= MaskShortfall.tolerance) else { return nil }
        self.subject = subject
        self.gap = gap
        self.constraint = constraint
    }

    var description: String {
        let remedy =
            switch constraint {
            case .projected: "lower ramp_steps or take more steps"
            case .lagrangian, .quadratic:
                "set constraint: projected, which holds the schedule at every step, raise mask_rate, or take more steps"
            }
        return
            "the masks did not converge: \(subject) is \(ReportTable.number(gap, digits: 3)) from the target (at most "
            + "\(ReportTable.number(MaskShortfall.tolerance, digits: 2)) is wanted), so that what is carved off was "
            + "not learned to be left out; \(remedy)"
    }
}
