/// The choices of one pruning run; they decide its result.
public struct PruningSettings: Codable, Sendable, Hashable {
    /// The exact shape to end at.
    public var target: TargetArchitecture
    /// How the masks are held to the schedule.
    public var constraint: SparsityConstraint = .lagrangian
    /// Where log-alphas start.
    public var start: MaskStart = .uniform
    /// Half the width over which an importance start spreads log-alphas; nil: 30 for `projected`, where the spread only
    /// orders the channels, and 0.25 below the upper bound for the others.
    public var importanceSpan: Double?
    /// Training batches on which importance is measured.
    public var calibrationBatches = 8
    /// Optimizer steps over which the asked sparsity grows linearly to the target; the paper takes 20% of all steps.
    public var rampSteps: Int
    /// Peak learning rate of the weights; nil takes the training settings'. The paper's is 1e-4.
    public var weightRate: Double?
    /// Learning rate of the log-alphas.
    public var maskRate = 1.0
    /// Learning rate of the multipliers, ascending.
    public var multiplierRate = 1.0
    /// The rate of masks and multipliers follows the common schedule (the paper's) or stays constant.
    public var maskSchedule: MaskSchedule = .common
    /// Global gradient norm at which the log-alphas' gradients are clipped, apart from the weights'.
    public var maskClip = 1.0
    /// λ2 of the `quadratic` constraint.
    public var quadraticWeight = 200.0
    /// Largest |λ| of the `lagrangian` constraint. The default is beyond what the paper's schedule can reach (1,744);
    /// lower values keep a short run from overshooting.
    public var multiplierBound = 2_000.0
    /// Size of the masks that evaluations use.
    public var evaluationSize: MaskSize = .current
    /// When to stop because the masks no longer change; nil runs all steps.
    public var earlyStop: FrozenMasks?

    /// The paper's choices with its rates (LLM-Shearing section 5), for runs of thousands of steps.
    public init(target: TargetArchitecture, rampSteps: Int) {
        self.target = target
        self.rampSteps = rampSteps
    }

    /// Choices that reach the target within tens of steps: projected masks that start in order of importance.
    public static func shortBudget(target: TargetArchitecture, rampSteps: Int) -> PruningSettings {
        var settings = PruningSettings(target: target, rampSteps: rampSteps)
        settings.constraint = .projected
        settings.start = .importance
        settings.weightRate = 5e-4
        settings.maskRate = 0.1
        settings.maskSchedule = .constant
        return settings
    }

    /// `importanceSpan`, or its default for the constraint.
    public var resolvedImportanceSpan: Double { importanceSpan ?? (constraint == .projected ? 30 : 0.25) }

    /// Every value that makes no sense, each in one plain sentence; empty when all do.
    public func problems() -> [String] {
        var problems: [String] = []
        func demand(_ holds: Bool, _ sentence: String) { if !holds { problems.append(sentence) } }
        demand(rampSteps >= 0, "ramp steps are \(rampSteps); they cannot be negative")
        demand(calibrationBatches > 0, "calibration batches are \(calibrationBatches); at least 1 is needed")
        let positive = [
            ("mask clip", maskClip), ("quadratic weight", quadraticWeight),
            ("multiplier bound", multiplierBound), ("importance span", resolvedImportanceSpan),
        ]
        for (name, value) in positive {
            demand(value > 0 && value.isFinite, "the \(name) is \(value); it must be a positive number")
        }
        for (name, value) in [
            ("weight rate", weightRate ?? 0), ("mask rate", maskRate), ("multiplier rate", multiplierRate),
        ] {
            demand(value >= 0 && value.isFinite, "the \(name) is \(value); it must be 0 or a positive number")
        }
        if let earlyStop {
            demand(earlyStop.steps > 0, "early stop waits \(earlyStop.steps) steps; at least 1 is needed")
            demand(earlyStop.tolerance > 0, "the early stop's tolerance is \(earlyStop.tolerance); it must be positive")
        }
        return problems
    }
}

/// How the learning rate of masks and multipliers runs.
public enum MaskSchedule: String, Codable, Sendable, CaseIterable {
    /// The schedule of the weights.
    case common
    /// The same rate at every step.
    case constant
}

/// When masks count as frozen: after the ramp, the same elements selected for `steps` optimizer steps in a row, with
/// every family's expected sparsity within `tolerance` of its target.
public struct FrozenMasks: Codable, Sendable, Hashable {
    /// Optimizer steps without a change of the selection.
    public var steps: Int
    /// Largest distance of a family's expected sparsity from its target, as a share.
    public var tolerance: Double

    /// Frozen after `steps` unchanged steps.
    public init(steps: Int, tolerance: Double = 0.02) {
        self.steps = steps
        self.tolerance = tolerance
    }
}
