public import Torch

/// What several ranks share out instead of each holding it.
public enum Sharding: String, Codable, Sendable, CaseIterable {
    /// The optimizer's two moments of each weight.
    case optimizer
    /// The moments, and the Float32 sums of gradients, which ranks then exchange after each micro-batch.
    case gradients
}

/// How a run is made. What decides its result comes first; the last seven fields only decide how it gets there.
public struct TrainingSettings: Codable, Sendable, Hashable {
    /// The length of the run in optimizer steps.
    public var steps: Int
    /// The rows of one step, over all micro-batches.
    public var batchRows: Int
    /// The peak rate of groups that name none.
    public var peakRate: Double
    /// The common schedule.
    public var schedule: LearningRate
    /// The largest gradient norm of a clip group that names none; `nil`: no limit.
    public var clipNorm: Double?
    /// The optimizer's constants.
    public var optimizer: AdamWSettings
    /// Evaluate (and adapt the mixture) after each so many steps; `nil`: only at the end.
    public var evaluateEvery: Int?
    /// Evaluate, and adapt the mixture, before the first step too.
    public var evaluateFirst: Bool
    /// How the mixture follows the domain losses; `nil`: it stays.
    public var mixture: MixturePolicy?
    /// Rows per forward and backward pass; `nil`: all of a step at once.
    public var microBatchRows: Int?
    /// Whether the backward pass runs blocks again instead of keeping what they made: less memory, about a third more time.
    public var recomputesBlocks: Bool
    /// Checkpoint after each so many steps; `nil`: only at the end and when stopped.
    public var checkpointEvery: Int?
    /// How many checkpoints are kept; at least 1, and 2 so that a damaged one has a predecessor.
    public var keepLast: Int
    /// What ranks share out; `nil`: nothing. Means nothing to a process alone.
    public var sharding: Sharding?
    /// In how many parts each step is computed, whose gradients are added in an order that this number alone decides: then
    /// any number of ranks up to it gives the same bits. `nil`: as ranks and micro-batches divide a step.
    public var fixedParts: Int?
    /// Whether the log says which rows each step took; `nil`: no.
    public var listsRows: Bool?

    public init(
        steps: Int, batchRows: Int, peakRate: Double, schedule: LearningRate = LearningRate(), clipNorm: Double? = 1,
        optimizer: AdamWSettings = AdamWSettings(), evaluateEvery: Int? = nil, evaluateFirst: Bool = false,
        mixture: MixturePolicy? = nil, microBatchRows: Int? = nil, recomputesBlocks: Bool = false,
        checkpointEvery: Int? = nil, keepLast: Int = 2, sharding: Sharding? = nil, fixedParts: Int? = nil,
        listsRows: Bool? = nil
    ) {
        self.steps = steps
        self.batchRows = batchRows
        self.peakRate = peakRate
        self.schedule = schedule
        self.clipNorm = clipNorm
        self.optimizer = optimizer
        self.evaluateEvery = evaluateEvery
        self.evaluateFirst = evaluateFirst
        self.mixture = mixture
        self.microBatchRows = microBatchRows
        self.recomputesBlocks = recomputesBlocks
        self.checkpointEvery = checkpointEvery
        self.keepLast = keepLast
        self.sharding = sharding
        self.fixedParts = fixedParts
        self.listsRows = listsRows
    }

    /// Says what is wrong, if anything.
    /// - Throws: `TrainingError.setting` for the first setting that cannot be meant.
    func check() throws(TrainingError) {
        func need(_ name: String, _ found: Any, _ expected: String, _ holds: Bool) throws(TrainingError) {
            if !holds { throw .setting(name: name, found: "\(found)", expected: expected) }
        }
        try need("steps", steps, "at least 1", steps >= 1)
        try need("batch rows", batchRows, "at least 1", batchRows >= 1)
        try need("peak rate", peakRate, "a positive number", peakRate > 0 && peakRate.isFinite)
        try need("warm-up steps", schedule.warmupSteps, "0 to \(steps)", (0...steps).contains(schedule.warmupSteps))
        try need("final fraction", schedule.finalFraction, "0 to 1", (0...1).contains(schedule.finalFraction))
        try need("clip norm", clipNorm ?? 1, "a positive number", (clipNorm ?? 1) > 0 && (clipNorm ?? 1).isFinite)
        for beta in [optimizer.beta1, optimizer.beta2] { try need("beta", beta, "0 to below 1", beta >= 0 && beta < 1) }
        try need("epsilon", optimizer.epsilon, "a positive number", optimizer.epsilon > 0 && optimizer.epsilon.isFinite)
        try need(
            "weight decay", optimizer.weightDecay, "0 or more",
            optimizer.weightDecay >= 0 && optimizer.weightDecay.isFinite)
        try need("evaluate every", evaluateEvery ?? 1, "at least 1 step", (evaluateEvery ?? 1) >= 1)
        try need("micro-batch", microBatchRows ?? 1, "at least 1 row", (microBatchRows ?? 1) >= 1)
        try need("parts", fixedParts ?? 1, "at least 1", (fixedParts ?? 1) >= 1)
        try need("checkpoint every", checkpointEvery ?? 1, "at least 1 step", (checkpointEvery ?? 1) >= 1)
        try need("keep last", keepLast, "at least 1", keepLast >= 1)
        try mixture?.check()
    }
}

extension TrainingSettings {
    /// The first setting that decides the result and differs, by name; `nil` when `other` gives the same result.
    func firstDifference(from other: TrainingSettings) -> (name: String, saved: String, asked: String)? {
        let pairs: [(String, String, String)] = [
            ("steps", "\(steps)", "\(other.steps)"),
            ("batch rows", "\(batchRows)", "\(other.batchRows)"),
            ("peak rate", "\(peakRate)", "\(other.peakRate)"),
            ("warm-up steps", "\(schedule.warmupSteps)", "\(other.schedule.warmupSteps)"),
            ("decay", schedule.decay.rawValue, other.schedule.decay.rawValue),
            ("final fraction", "\(schedule.finalFraction)", "\(other.schedule.finalFraction)"),
            ("clip norm", "\(clipNorm.map { "\($0)" } ?? "none")", "\(other.clipNorm.map { "\($0)" } ?? "none")"),
            ("optimizer", "\(optimizer)", "\(other.optimizer)"),
            ("evaluate every", "\(evaluateEvery ?? 0)", "\(other.evaluateEvery ?? 0)"),
            ("evaluate first", "\(evaluateFirst)", "\(other.evaluateFirst)"),
            ("mixture", mixture.map { "\($0)" } ?? "fixed", other.mixture.map { "\($0)" } ?? "fixed"),
        ]
        return pairs.first { $0.1 != $0.2 }
    }
}
