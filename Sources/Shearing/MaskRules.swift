internal import Torch
internal import Training
internal import Transformer

/// How masks are learned, whatever they are learned towards: constraint, start and rates.
public struct MaskRules: Codable, Sendable, Hashable {
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
    /// Whether units that a step's masks make 0 are left out of its products, which changes results by rounding only.
    public var skipsMaskedUnits = true
    /// Largest |λ| of the `lagrangian` constraint. The default is beyond what the paper's schedule can reach (1,744);
    /// lower values keep a short run from overshooting.
    public var multiplierBound = 2_000.0

    /// The paper's choices with its rates (Sheared-LLaMA, arXiv 2310.06694), for runs of thousands of steps.
    public init(rampSteps: Int) { self.rampSteps = rampSteps }

    /// Choices that reach a target within tens of steps: projected masks that start in order of importance.
    public static func shortBudget(rampSteps: Int) -> MaskRules {
        var rules = MaskRules(rampSteps: rampSteps)
        rules.constraint = .projected
        rules.start = .importance
        rules.weightRate = 5e-4
        rules.maskRate = 0.1
        rules.maskSchedule = .constant
        return rules
    }

    /// `importanceSpan`, or its default for the constraint.
    public var resolvedImportanceSpan: Double { importanceSpan ?? (constraint == .projected ? 30 : 0.25) }

    /// Every value that makes no sense, with the name it has in a pipeline file and one plain sentence; empty when all do.
    public func problems() -> [(key: String, reason: String)] {
        var problems: [(key: String, reason: String)] = []
        func demand(_ holds: Bool, _ key: String, _ sentence: String) { if !holds { problems.append((key, sentence)) } }
        demand(rampSteps >= 0, "ramp_steps", "ramp steps are \(rampSteps); they cannot be negative")
        demand(
            calibrationBatches > 0, "calibration_batches",
            "calibration batches are \(calibrationBatches); at least 1 is needed")
        let positive = [
            ("mask_clip", "mask clip", maskClip), ("quadratic_weight", "quadratic weight", quadraticWeight),
            ("multiplier_bound", "multiplier bound", multiplierBound),
            ("importance_span", "importance span", resolvedImportanceSpan),
        ]
        for (key, name, value) in positive {
            demand(value > 0 && value.isFinite, key, "the \(name) is \(value); it must be a positive number")
        }
        for (key, name, value) in [
            ("rate", "weight rate", weightRate ?? 0), ("mask_rate", "mask rate", maskRate),
            ("multiplier_rate", "multiplier rate", multiplierRate),
        ] {
            demand(value >= 0 && value.isFinite, key, "the \(name) is \(value); it must be 0 or a positive number")
        }
        return problems
    }

    /// The middle log-alpha of an importance start: masks that are not shifted must start nearly all alive, the highest
    /// rank at the upper bound.
    var startCenter: Double { constraint == .projected ? 0 : HardConcrete.bound - resolvedImportanceSpan }

    /// What the optimizer changes: weights, masks and, where there are some, multipliers; each with a clip of its own.
    func parameterGroups(
        _ model: LanguageModel, logAlphas: [Parameter], _ multipliers: Multipliers?
    ) -> [ParameterGroup] {
        let schedule: GroupSchedule = maskSchedule == .common ? .common : .constant
        var groups = [
            ParameterGroup(name: "weights", parameters: model.parameters, rate: weightRate),
            ParameterGroup(
                name: "masks", parameters: logAlphas, rate: maskRate, schedule: schedule,
                clip: ClipGroup(name: "masks", maximumNorm: maskClip)),
        ]
        if let multipliers {
            groups.append(
                ParameterGroup(
                    name: "multipliers", parameters: [multipliers.linear, multipliers.quadratic],
                    rate: multiplierRate, schedule: schedule, maximize: true,
                    clip: ClipGroup(name: "multipliers", maximumNorm: .infinity)))
        }
        return groups
    }
}

/// How the learning rate of masks and multipliers runs.
public enum MaskSchedule: String, Codable, Sendable, CaseIterable {
    /// The schedule of the weights.
    case common
    /// The same rate at every step.
    case constant
}
