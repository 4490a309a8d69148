public import Report

/// `kind: compare`: arms held against each other on what was measured of them, with what they cost.
public struct CompareSpec: Encodable, Sendable, Equatable {
    /// What is compared, in the order of the tables.
    public var arms: [ArmSpec]
    /// The `evaluate` stages that measured the arms' models; where two measured the same part of a model, the first counts.
    public var scores: [StageID]
    /// Searches that are drawn although no arm rests on them, such as baselines; those that arms rest on always are.
    public var search: [StageID]
    /// The arm that the others are held against; the first one when not stated.
    public var reference: String?
    /// The measures of size by which arms are matched with the reference.
    public var match: [SizeMatch.Criterion]
    /// How far a matched arm may be from the reference, relative to it.
    public var tolerance: ToleranceSpec
    /// Tokens that the measure `memory` counts a key-value cache for.
    public var cacheTokens: Int
    /// Resamples of the bootstrap.
    public var resamples: Int
    /// The bootstrap's seed; the pipeline's when not stated.
    public var seed: UInt64?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case arms, scores, search, reference, match, tolerance
        case cacheTokens = "cache_tokens"
        case resamples, seed
    }
}

/// One arm: a way to a model, with what stood on it before.
public struct ArmSpec: Encodable, Sendable, Equatable {
    public var name: String
    public var method: ArmMethod
    /// The stage whose model it ends with.
    public var model: StageID
    /// The stage whose model stands before recovery; nil for an arm without recovery.
    public var before: StageID?
    /// The stage whose model stands after a short recovery.
    public var short: StageID?

    enum CodingKeys: String, CodingKey, CaseIterable { case name, method, model, before, short }

    /// The arm as reports know it.
    var arm: ComparedArm {
        ComparedArm(name: name, method: method, model: model.name, before: before?.name, short: short?.name)
    }
}

/// Distances within which sizes count as equal.
public struct ToleranceSpec: Encodable, Sendable, Equatable {
    public var parameters = 0.01
    public var memory = 0.01
    /// Times are measured, and vary.
    public var latency = 0.05

    enum CodingKeys: String, CodingKey, CaseIterable { case parameters, memory, latency }

    /// The distance of a measure.
    subscript(_ criterion: SizeMatch.Criterion) -> Double {
        switch criterion {
        case .parameters: parameters
        case .memory: memory
        case .latency: latency
        }
    }
}
