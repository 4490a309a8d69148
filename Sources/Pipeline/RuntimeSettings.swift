public import Training

/// `runtime:` of a stage: how it runs on this machine. Never hashed, so it must not change samples, nor results beyond rounding.
public struct RuntimeSettings: Encodable, Sendable, Equatable {
    /// Rows of one forward and backward pass; nil takes all rows of a step at once.
    public var microBatch: Int?
    /// Steps between two progress events.
    public var logEvery: Int
    /// Steps between two checkpoints.
    public var checkpointEvery: Int
    /// Checkpoints kept.
    public var keepLast: Int
    /// Threads of the stage; nil takes all processors.
    public var threads: Int?
    /// Where tensors live: `cpu` or `cuda:N`.
    public var device: String
    /// Recompute activations in the backward pass instead of keeping them.
    public var recomputeActivations: Bool
    /// What several ranks share out instead of each holding it; nil: nothing.
    public var shard: Sharding?
    /// In how many parts each step is computed, for the same bits on any number of ranks up to it; nil: not fixed.
    public var parts: Int?
    /// Whether `metrics.jsonl` lists the rows of each step.
    public var listRows: Bool
    /// How to get the outside inputs of the stage, a corpus but not its manifest, when they are missing: a command or a
    /// sentence. It is not about inputs that a `--set` names.
    public var obtain: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case microBatch = "micro_batch"
        case logEvery = "log_every"
        case checkpointEvery = "checkpoint_every"
        case keepLast = "keep_last"
        case threads, device
        case recomputeActivations = "recompute_activations"
        case shard, parts
        case listRows = "list_rows"
        case obtain
    }

    /// Rows of one forward pass of evaluations where `microBatch` says nothing.
    static let standardEvaluationRows = 4

    /// Rows of one pass of a training step that so many ranks share.
    func passRows(ofStep batchRows: Int, ranks: Int = 1) -> Int {
        let most = parts ?? ranks
        let share = (batchRows + most - 1) / most
        return min(microBatch ?? share, share)
    }

    /// Rows of one forward pass of evaluations.
    var evaluationRows: Int { microBatch ?? RuntimeSettings.standardEvaluationRows }

    public init() {
        logEvery = 10
        checkpointEvery = 100
        keepLast = 2
        device = "cpu"
        recomputeActivations = false
        listRows = false
    }
}
