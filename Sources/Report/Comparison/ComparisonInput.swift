/// All that a comparison is made from; equal inputs give equal bytes.
public struct ComparisonInput: Sendable {
    /// The pipeline's name, which titles the report.
    public var title: String
    public var seed: UInt64
    public var arms: [ComparedArm]
    /// The arm that the others are held against.
    public var reference: String
    /// Measured models, by stage.
    public var measured: [String: MeasuredModel]
    /// Every stage of the file that has run.
    public var stages: [LedgerStage]
    /// What sizes are matched by, and how far they may be from the reference's, relative to it.
    public var matches: [(criterion: SizeMatch.Criterion, tolerance: Double)]
    /// Tokens that memory counts a key-value cache for.
    public var cacheTokens: Int
    public var resamples: Int
    /// How the training stages of recovery were set, by stage and key, for telling whether arms were treated alike.
    public var settings: [String: [String: String]]
    public var traces: [TrainingTrace]
    public var searches: [SearchTrace]

    public init(title: String, seed: UInt64, arms: [ComparedArm], reference: String) {
        self.title = title
        self.seed = seed
        self.arms = arms
        self.reference = reference
        measured = [:]
        stages = []
        matches = []
        cacheTokens = 0
        resamples = 10_000
        settings = [:]
        traces = []
        searches = []
    }
}
