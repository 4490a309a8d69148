public import Statistics

/// Arms held against each other: `comparison.json`. Losses are nats per token, sizes bytes, times seconds.
public struct Comparison: Codable, Sendable, Equatable {
    /// Version of this form.
    public static let schema = 1

    public var schema = Comparison.schema
    public var title: String
    public var seed: UInt64
    public var confidence: Double
    public var resamples: Int
    /// The arm that the others are held against.
    public var reference: String
    /// Tokens that memory counts a key-value cache for.
    public var cacheTokens: Int
    public var arms: [ArmSummary]
    /// One table for each regime in which any arm has a model, the earliest first.
    public var losses: [LossTable]
    public var tasks: [TaskTable]
    public var taskMeans: [TaskMeans]
    public var matches: [SizeMatch]
    /// By each measure of size, the arms that no other one beats in size and loss at the end.
    public var fronts: [ArmFront]
    public var flips: [RankFlip]
    public var recovery: RecoveryBudget
    public var ledger: CostLedger
    public var searches: [SearchOutcome]
    /// What follows, in words that the numbers support.
    public var verdict: [Finding]

    /// An arm with the sizes and speeds of its final model.
    public struct ArmSummary: Codable, Sendable, Equatable {
        public var arm: ComparedArm
        public var parameters: Int
        public var sizes: WeightSizes?
        public var memoryBytes: Int?
        public var cacheBytesPerToken: Int?
        public var peakMemoryBytes: Int?
        public var speed: MeasuredSpeed?

        enum CodingKeys: String, CodingKey {
            case arm, parameters, sizes, speed
            case memoryBytes = "memory_bytes"
            case cacheBytesPerToken = "kv_bytes_per_token"
            case peakMemoryBytes = "peak_memory_bytes"
        }
    }

    enum CodingKeys: String, CodingKey {
        case schema, title, seed, confidence, resamples, reference, arms, losses, tasks, matches, fronts, flips
        case recovery, ledger, searches, verdict
        case cacheTokens = "cache_tokens"
        case taskMeans = "task_means"
    }

    /// The loss table of a regime.
    public func table(_ regime: Regime) -> LossTable? { losses.first { $0.regime == regime } }

    /// Compares.
    /// - Throws: `.unmeasured` when a model that an arm names has no losses, `.unpaired` when two were measured on
    ///   different rows or questions.
    public init(_ input: ComparisonInput) throws(ReportError) {
        title = input.title
        seed = input.seed
        confidence = 0.95
        resamples = input.resamples
        reference = input.reference
        cacheTokens = input.cacheTokens
        let pairing = try Pairing(input)
        arms = pairing.finals.map { arm, model in
            ArmSummary(
                arm: arm, parameters: model.parameters, sizes: model.sizes,
                memoryBytes: model.memoryBytes(cacheTokens: input.cacheTokens),
                cacheBytesPerToken: model.cacheBytesPerToken, peakMemoryBytes: model.peakMemoryBytes,
                speed: model.speed)
        }
        losses = []
        tasks = []
        taskMeans = []
        for regime in Regime.allCases {
            let stages = input.arms.compactMap { arm in arm.stage(in: regime).map { (arm: arm.name, stage: $0) } }
            guard !stages.isEmpty else { continue }
            losses.append(
                LossTable(
                    regime, stages: stages, rows: pairing.rows, models: pairing.models, reference: input.reference))
            tasks += TaskTable.tables(
                regime, stages: stages, measured: input.measured, reference: input.reference)
            if let questions = pairing.questions {
                let means = TaskMeans(
                    regime, stages: stages, questions: questions, models: pairing.answering,
                    reference: input.reference)
                if !means.entries.isEmpty { taskMeans.append(means) }
            }
        }
        matches = input.matches.compactMap { criterion, tolerance in
            SizeMatch(
                criterion, tolerance: tolerance, reference: input.reference,
                values: pairing.finals.map { arm, model in
                    (arm.name, model.size(by: criterion, cacheTokens: input.cacheTokens))
                })
        }
        let last = losses.last
        fronts = SizeMatch.Criterion.allCases.compactMap { criterion in
            ArmFront(
                criterion,
                arms: pairing.finals.compactMap { arm, model in
                    guard let size = model.size(by: criterion, cacheTokens: input.cacheTokens),
                        let loss = last?[arm.name]?.mean.value
                    else { return nil }
                    return (arm.name, size, loss)
                })
        }
        flips = RankFlip.all(in: losses)
        ledger = CostLedger(stages: input.stages, arms: input.arms.map { ($0.name, $0.model) })
        recovery = RecoveryBudget(arms: input.arms, ledger: ledger, settings: input.settings)
        searches = input.searches.map { SearchOutcome($0, among: input.searches) }
        verdict = []
        verdict = Verdict(self).findings
    }
}
