/// What one stage took, as its record says.
public struct LedgerStage: Codable, Sendable, Hashable {
    /// The stage's id; unique in a ledger.
    public var id: String
    public var kind: String
    /// The stages it read.
    public var inputs: [String]
    /// Of these the one whose weights it goes on from; nil where it starts from none.
    public var start: String?
    /// Whether weights were trained in it; the tokens of other stages went through a model that stayed as it was, or
    /// through none.
    public var trains: Bool
    public var cost: CostSum

    public init(id: String, kind: String, inputs: [String], start: String? = nil, trains: Bool, cost: CostSum) {
        self.id = id
        self.kind = kind
        self.inputs = inputs
        self.start = start
        self.trains = trains
        self.cost = cost
    }
}

/// What several stages took together.
public struct CostSum: Codable, Sendable, Hashable {
    /// Tokens that weights were trained on.
    public var trainedTokens = 0
    /// Tokens that went through a model without training it: calibration, candidates of a search, evaluation.
    public var readTokens = 0
    /// By the cost model; 0 where no model ran.
    public var floatingPointOperations = 0.0
    public var wallSeconds = 0.0
    /// Of all threads together.
    public var processorSeconds = 0.0
    /// The largest of the stages: they ran one after another.
    public var peakMemoryBytes = 0

    public init() {}

    /// Adds another stage; memory is not added up.
    public static func += (sum: inout CostSum, other: CostSum) {
        sum.trainedTokens += other.trainedTokens
        sum.readTokens += other.readTokens
        sum.floatingPointOperations += other.floatingPointOperations
        sum.wallSeconds += other.wallSeconds
        sum.processorSeconds += other.processorSeconds
        sum.peakMemoryBytes = max(sum.peakMemoryBytes, other.peakMemoryBytes)
    }

    enum CodingKeys: String, CodingKey {
        case trainedTokens = "trained_tokens"
        case readTokens = "read_tokens"
        case floatingPointOperations = "floating_point_operations"
        case wallSeconds = "wall_seconds"
        case processorSeconds = "processor_seconds"
        case peakMemoryBytes = "peak_memory_bytes"
    }
}
