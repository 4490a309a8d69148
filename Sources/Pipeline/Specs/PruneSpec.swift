public import Shearing
public import Torch

/// `kind: prune`: a model to a smaller one of the target's shape or size.
public struct PruneSpec: Encodable, Sendable, Equatable {
    /// The stage whose model is cut.
    public var start: StageID
    /// The stage whose packed rows are learned from.
    public var data: StageID
    public var target: PruneGoal
    public var method: Method
    /// Training batches on which importance is measured (methods without training, or masks that start from it).
    public var calibrationBatches: Int
    /// Rows of a calibration batch of methods without training; learned masks take their batch rows.
    public var calibrationRows: Int
    /// `minitron` alone: kept heads take up the residue of pruned ones.
    public var foldsResidue: Bool
    /// The stage's seed; the pipeline's when not stated.
    public var seed: UInt64?
    /// Steps, rates and mixture of learned masks; nil for the other methods.
    public var training: TrainingSpec?
    /// The rules of learned masks; nil for the other methods.
    public var masks: MaskSpec?

    /// How the kept parts are chosen.
    public enum Method: String, Encodable, Sendable, CaseIterable {
        /// Masks learned jointly with the weights, to an exact shape (Sheared-LLaMA).
        case learned
        /// The most important by one measurement, heads by their slope of the loss; no training.
        case oneshot
        /// The most active by one measurement without a backward pass (Minitron); no training.
        case minitron
        /// The layers that change the stream most, each whole (ShortGPT); no training.
        case shortgpt
        /// A random shape of a stated size, cut by importance; what a chosen shape must beat.
        case randomShape = "random_shape"
        /// By chance; the floor that any choice must beat.
        case random
        /// Masks learned jointly with the weights, to a size: every layer may end with another shape (CoFi).
        case cofi

        /// The form of its target.
        public var goal: PruneGoal.Form {
            switch self {
            case .learned, .oneshot, .minitron, .random: .shape
            case .shortgpt: .layers
            case .randomShape, .cofi: .parameters
            }
        }

        /// Whether it learns, and so takes steps, rates and a mixture.
        public var trains: Bool { self == .learned || self == .cofi }
    }

    /// The type of its passes.
    public var computeDType: DType { training?.precision.dtype ?? .float32 }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case start, data, target, method
        case calibrationBatches = "calibration_batches"
        case calibrationRows = "calibration_rows"
        case foldsResidue = "fold_residue"
        case seed
    }

    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(start, forKey: .start)
        try container.encode(data, forKey: .data)
        try container.encode(target, forKey: .target)
        try container.encode(method, forKey: .method)
        try container.encode(calibrationBatches, forKey: .calibrationBatches)
        try container.encode(calibrationRows, forKey: .calibrationRows)
        if foldsResidue { try container.encode(true, forKey: .foldsResidue) }
        try container.encodeIfPresent(seed, forKey: .seed)
        try training?.encode(to: encoder)
        try masks?.encode(to: encoder)
    }
}

/// The rules of learned masks, beside the steps and rates of `TrainingSpec`.
public struct MaskSpec: Encodable, Sendable, Equatable {
    /// How masks are held to the schedule.
    public var constraint: SparsityConstraint = .lagrangian
    /// Where they start.
    public var maskStart: MaskStart = .uniform
    /// Half the width of log-alphas over which an importance start spreads them; nil: 30 for `projected`, else 0.25.
    public var importanceSpan: Double?
    /// Steps over which the asked sparsity grows to the target; 20% of the steps when not stated.
    public var rampSteps: Int
    /// Rates of the log-alphas and of the multipliers.
    public var maskRate: Double = 1
    public var multiplierRate: Double = 1
    /// Whether those rates follow the weights' schedule or stay constant.
    public var maskSchedule: MaskSchedule = .common
    /// Largest global norm of the log-alphas' gradient.
    public var maskClip: Double = 1
    /// λ2 of the quadratic constraint.
    public var quadraticWeight: Double = 200
    /// Largest |λ| of the Lagrangian constraint.
    public var multiplierBound: Double = 2_000
    /// Whether products leave out what a step's masks make 0.
    public var skipsMaskedUnits = true
    /// Stop when the selection has not changed for this many steps after the ramp; nil runs all steps.
    public var stopWhenFrozen: Int?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case constraint
        case maskStart = "mask_start"
        case importanceSpan = "importance_span"
        case rampSteps = "ramp_steps"
        case maskRate = "mask_rate"
        case multiplierRate = "multiplier_rate"
        case maskSchedule = "mask_schedule"
        case maskClip = "mask_clip"
        case quadraticWeight = "quadratic_weight"
        case multiplierBound = "multiplier_bound"
        case skipsMaskedUnits = "skip_masked"
        case stopWhenFrozen = "stop_when_frozen"
    }
}
