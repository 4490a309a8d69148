internal import Torch

/// How far the masks of a pruning run have come towards their target.
public struct ConvergenceReport: Codable, Sendable, Equatable {
    /// Optimizer steps done.
    public let step: Int
    /// Steps over which the asked sparsity grew.
    public let rampSteps: Int
    /// How the masks were held to the schedule.
    public let constraint: SparsityConstraint
    /// One entry per pruned family, in the order of `MaskFamily`.
    public let families: [Family]
    /// Optimizer steps since the selection last changed; nil when that was not followed.
    public let unchangedSteps: Int?

    /// The state of one family. All sparsities are shares of removed variables, 0 to 1.
    public struct Family: Codable, Sendable, Equatable {
        /// The family and its layout.
        public let rows: MaskRows
        /// Mean expected sparsity over the rows.
        public let expected: Double
        /// The sparsity that the schedule asks for at this step.
        public let scheduled: Double
        /// The sparsity of the target architecture.
        public let target: Double
        /// The lowest expected sparsity of a row.
        public let lowestRow: Double
        /// The highest expected sparsity of a row.
        public let highestRow: Double
        /// Standard deviation of the rows' expected sparsities.
        public let rowDeviation: Double
        /// Share of variables with |log-alpha| < 2.5.
        public let undecided: Double
        /// Variables that the exact selection keeps although their log-alpha is below 0: their weights shrink in the fold.
        public let keptBelowZero: Int
        /// λ1, nil where the constraint has none.
        public let linearMultiplier: Double?
        /// λ2, nil where the constraint has none.
        public let quadraticMultiplier: Double?

        /// Distance of the mean expected sparsity from the target.
        public var gap: Double { abs(expected - target) }
    }

    /// The largest distance of a family from its target; 0 when nothing is pruned.
    public var largestGap: Double { families.map(\.gap).max() ?? 0 }

    /// The report as aligned text, one line per family.
    public var table: String {
        var lines = [
            ["family", "expected", "asked", "target", "rows min..max", "undecided", "kept a<0", "l1", "l2"]
        ]
        for family in families {
            lines.append([
                family.rows.family.rawValue, ReportTable.number(family.expected), ReportTable.number(family.scheduled),
                ReportTable.number(family.target),
                "\(ReportTable.number(family.lowestRow))..\(ReportTable.number(family.highestRow))",
                ReportTable.number(family.undecided), "\(family.keptBelowZero)/\(family.rows.rows * family.rows.kept)",
                family.linearMultiplier.map { ReportTable.number($0, digits: 2) } ?? "-",
                family.quadraticMultiplier.map { ReportTable.number($0, digits: 2) } ?? "-",
            ])
        }
        return ReportTable.aligned(lines)
    }
}

extension PruningMasks {
    /// How far the masks have come at `step`.
    /// - Throws: `ShearingError.notFinite` when a log-alpha is NaN or infinite, `.torch`.
    public func convergence(
        at step: Int, schedule: TargetSchedule, constraint: SparsityConstraint, linear: [Double]? = nil,
        quadratic: [Double]? = nil, unchangedSteps: Int? = nil
    ) throws(ShearingError) -> ConvergenceReport {
        var entries: [ConvergenceReport.Family] = []
        let kept = try deterministic(.target)
        for (index, rows) in families.enumerated() {
            let state = try state(at: index)
            let variance = state.expected_R.reduce(0) { $0 + ($1 - state.mean) * ($1 - state.mean) }
            let selected = kept.values[rows.family] ?? []
            entries.append(
                ConvergenceReport.Family(
                    rows: rows, expected: state.mean,
                    scheduled: schedule.sparsity(at: step, full: rows.targetSparsity), target: rows.targetSparsity,
                    lowestRow: state.expected_R.min() ?? state.mean, highestRow: state.expected_R.max() ?? state.mean,
                    rowDeviation: (variance / Double(rows.rows)).squareRoot(), undecided: state.undecided,
                    keptBelowZero: zip(state.logAlphas, selected).count { $0 < 0 && $1 != 0 },
                    linearMultiplier: linear?[index], quadraticMultiplier: quadratic?[index]))
        }
        return ConvergenceReport(
            step: step, rampSteps: schedule.rampSteps, constraint: constraint, families: entries,
            unchangedSteps: unchangedSteps)
    }

    /// One family's state on the host.
    struct FamilyState {
        /// `[rows, columns]`, as stored.
        let logAlphas: [Float]
        /// Expected sparsity per row.
        let expected_R: [Double]
        /// Share of variables with |log-alpha| < 2.5.
        let undecided: Double
        /// Mean of `expected_R`.
        var mean: Double { expected_R.reduce(0, +) / Double(expected_R.count) }
    }

    /// Copies the family at `index` to the host and sums it up.
    func state(at index: Int) throws(ShearingError) -> FamilyState {
        let rows = families[index]
        let values = try withTorch { () throws(TorchError) in try logAlphas[index].master.floats() }
        let expected = (0..<rows.rows).map { row in
            let removed = values[row * rows.columns..<(row + 1) * rows.columns].reduce(0.0) { sum, logAlpha in
                sum + HardConcrete.removal(Double(logAlpha))
            }
            return removed / Double(rows.columns)
        }
        let undecided = values.count { abs(Double($0)) < HardConcrete.undecidedBound }
        return FamilyState(
            logAlphas: values, expected_R: expected, undecided: Double(undecided) / Double(values.count))
    }
}
