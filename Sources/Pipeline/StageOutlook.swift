public import SuperNetwork
public import Transformer

/// What a stage will make and what that takes, known before any weight is read.
public struct StageOutlook: Sendable {
    /// The architecture of the model it makes, and of the one it starts from.
    public var architecture: Architecture?
    public var source: Architecture?
    /// The sizes one of which its model will have, where a search is still to choose it and `architecture` is not known.
    public var choices: SubNetworkSizes?
    /// Of these the largest that the search's bounds and the pick allow: what a plan reckons with.
    public var largestChoice: Architecture?
    /// What it searches by; nil for other stages.
    public var search: SearchSpec?
    /// The stages whose models it measures; nil where it measures none.
    public var measures: [StageID]?
    /// The sub-networks of the super-network it makes; which layers they drop is measured when the stage runs.
    public var space: ElasticSpace?
    /// How the projections of the model it makes are quantised; nil: not at all.
    public var quantization: QuantizationScheme?
    /// Tokens per row of the packed rows it makes or reads.
    public var sequenceLength: Int?
    /// Tokens that go through the model, or that are packed.
    public var tokens: Int?
    /// `tokens` is a guess from the size of the text, not a count.
    public var tokensAreEstimated = false
    /// Floating-point operations by the cost model.
    public var floatingPointOperations: Double?
    /// Peak bytes of memory.
    public var memoryBytes: Int?
    /// The held-out rows that mixtures followed on the way to what it makes.
    public var followed: [FollowedRows] = []
    /// Bytes on disk: the artifact and the checkpoints kept on the way.
    public var diskBytes: Int?
    /// What a reader of the plan should know (“recomputes activations”).
    public var notes: [String] = []
    /// Why the stage cannot work with its inputs.
    public var problems: [KeyProblem] = []

    public init() {}

    /// Adds the problem of rows that are longer than the model's positions, where both are known.
    mutating func requirePositions(of model: Architecture) {
        guard let length = sequenceLength, length > model.maximumPositions else { return }
        problems.append(
            (
                "data",
                "its rows have \(length) tokens, the model has \(model.maximumPositions) positions; "
                    + "pack with sequence_length: \(model.maximumPositions) or less"
            ))
    }
}

/// What a stage's outlook may look at.
public struct OutlookContext {
    /// The outlooks of the stages it reads.
    let outlooks: [StageID: StageOutlook]
    /// The artifacts of those that are there.
    let artifacts: [StageID: Artifact]
    let runtime: RuntimeSettings
    /// The stage's seed.
    let seed: UInt64
    /// How many ranks share the stages that train.
    var ranks = 1

    /// The rows of one forward and backward pass, of `batchRows` a step.
    func passRows(ofStep batchRows: Int) -> Int { runtime.passRows(ofStep: batchRows, ranks: ranks) }

    subscript(_ id: StageID) -> StageOutlook? { outlooks[id] }
}
