public import Torch

/// How long and how fast a model is trained: what pruning and continued pretraining share.
public struct TrainingSpec: Encodable, Sendable, Equatable {
    /// Optimizer steps.
    public var steps: Int
    /// Rows of one optimizer step, over all micro-batches.
    public var batchRows: Int
    /// Peak learning rate of the weights.
    public var rate: Double
    /// Steps of linear warm-up; 10% of `steps` in pruning and 3% in pretraining when not stated.
    public var warmupSteps: Int
    /// Learning rate at the last step, as a share of the peak (cosine in between).
    public var finalRateFraction: Double = 0.1
    /// Largest global norm of the weights' gradient.
    public var clip: Double = 1
    public var weightDecay: Double = 0
    /// Type of the forward and backward pass; master weights are float32 always.
    public var precision: Precision = .bfloat16
    /// Steps between two evaluations, which are also the mixture's updates; 0 evaluates at the end only.
    public var evaluateEvery: Int
    /// Validation rows per domain that an evaluation takes; 0 takes all.
    public var evaluateRows: Int = 0
    public var mixture = MixtureSpec()
    /// The stage's seed; the pipeline's when not stated.
    public var seed: UInt64?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case steps
        case batchRows = "batch_rows"
        case rate
        case warmupSteps = "warmup_steps"
        case finalRateFraction = "final_rate_fraction"
        case clip
        case weightDecay = "weight_decay"
        case precision
        case evaluateEvery = "evaluate_every"
        case evaluateRows = "evaluate_rows"
        case mixture, seed
    }

    /// Type of a forward and backward pass.
    public enum Precision: String, Encodable, Sendable, CaseIterable {
        case float32, bfloat16
        /// The tensor type.
        public var dtype: DType { self == .float32 ? .float32 : .bfloat16 }
    }

    var problems: [KeyProblem] {
        var found: [KeyProblem] = []
        if warmupSteps >= steps {
            found.append(("warmup_steps", "\(warmupSteps) is not below steps (\(steps))"))
        }
        if mixture.dynamic != nil, evaluateEvery == 0 {
            found.append(("evaluate_every", "mixture.dynamic needs evaluations; give the steps between two of them"))
        }
        return found + mixture.problems
    }
}
