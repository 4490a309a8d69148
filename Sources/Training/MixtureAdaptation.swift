internal import Glibc

/// The mixture of domains as it changes over a run: after each evaluation, domains that are further from their
/// reference loss get more of the next rows (Sheared LLaMA, section 2.2 and algorithm 1).
public struct MixtureAdaptation: Codable, Sendable, Equatable {
    public let policy: MixturePolicy
    /// The domains' names; every array here has their order.
    public let domains: [String]
    /// The starting mixture; sums to 1. A domain of weight 0 is left out for good.
    public let prior: [Double]
    /// The loss each domain should reach, in nats per token; `nil` for a domain without one.
    public let reference: [Double?]
    /// The mixture in force; sums to 1.
    public private(set) var weights: [Double]
    /// How many updates made it.
    public private(set) var updates: Int

    /// - Throws: `TrainingError.setting` when the lists differ in length, a weight is negative or not a number, all
    ///   are 0, or floor and cap leave no mixture.
    public init(
        policy: MixturePolicy, domains: [String], prior: [Double], reference: [Double?]
    ) throws(TrainingError) {
        try policy.check()
        guard prior.count == domains.count, reference.count == domains.count else {
            throw .setting(
                name: "mixture", found: "\(prior.count) weights and \(reference.count) references",
                expected: "one for each of the \(domains.count) domains")
        }
        let total = prior.reduce(0, +)
        guard prior.allSatisfy({ $0 >= 0 && $0.isFinite }), total > 0 else {
            throw .setting(name: "mixture weights", found: "\(prior)", expected: "numbers of 0 or more, not all 0")
        }
        try policy.check(domains: prior.count { $0 > 0 })
        self.policy = policy
        self.domains = domains
        self.prior = prior.map { $0 / total }
        self.reference = reference.map { $0.flatMap { $0.isFinite ? $0 : nil } }
        weights = self.prior
        updates = 0
    }

    /// Takes a new set of domain losses into the mixture.
    /// - Parameters:
    ///   - losses: Nats per token; `nil` or not finite: the domain keeps its weight.
    ///   - limits: The largest share that each domain's remaining rows allow (`poolLimits`); `nil`: none.
    public mutating func adapt(to losses: [Double?], limits: [Double]? = nil) {
        weights = Self.updated(
            weights, losses: losses, reference: reference, prior: prior, policy: policy, limits: limits)
        updates += 1
    }

    /// Whether `saved`, which may come from any file, is a later state of this mixture.
    func canBecome(_ saved: MixtureAdaptation) -> Bool {
        let lists = [saved.prior, saved.weights]
        return saved.domains == domains && saved.policy == policy && saved.reference.count == domains.count
            && lists.allSatisfy { $0.count == domains.count && $0.allSatisfy { $0 >= 0 && $0 <= 1 } }
    }

    /// Puts the weights that another rank computed from the same losses in the place of its own.
    mutating func take(_ weights: [Double]) { self.weights = weights }

    /// The mixture that follows `weights`: a pure function, summed in double precision.
    ///
    /// A domain's weight is multiplied by `exp(eta * gap)`, the whole normalised, a little of it spread evenly, and
    /// the result brought within floor, cap and limits. Domains without a loss or a reference keep their weight; those
    /// of weight 0 in `prior` get none, neither by the spread nor by the floor.
    static func updated(
        _ weights: [Double], losses: [Double?], reference: [Double?], prior: [Double], policy: MixturePolicy,
        limits: [Double]? = nil
    ) -> [Double] {
        let isOpen = prior.map { $0 > 0 }
        let gaps = zip(losses, reference).map { loss, reference -> Double? in
            guard let loss, let reference, loss.isFinite, reference.isFinite else { return nil }
            return policy.gap == .clipped ? max(loss - reference, 0) : loss - reference
        }
        let known = gaps.indices.filter { isOpen[$0] && gaps[$0] != nil }
        guard !known.isEmpty else { return bounded(weights, isOpen, policy: policy, limits: limits) }
        let mass = known.reduce(0) { $0 + weights[$1] }
        let largest = known.reduce(-Double.infinity) { max($0, gaps[$1] ?? $0) }
        let raw = known.map { domain -> Double in
            let start = pow(weights[domain], 1 - policy.priorPull) * pow(prior[domain], policy.priorPull)
            return start * exp(policy.eta * ((gaps[domain] ?? largest) - largest))
        }
        let total = raw.reduce(0, +)
        var next = weights
        for (index, domain) in known.enumerated() {
            let share = total > 0 ? raw[index] / total : 1 / Double(known.count)
            next[domain] = mass * ((1 - policy.smoothing) * share + policy.smoothing / Double(known.count))
        }
        let sum = next.reduce(0, +)
        return bounded(next.map { $0 / sum }, isOpen, policy: policy, limits: limits)
    }

    /// `weights` within floor and cap, by one common factor for those that are free.
    private static func bounded(
        _ weights: [Double], _ isOpen: [Bool], policy: MixturePolicy, limits: [Double]?
    ) -> [Double] {
        let high = weights.indices.map { isOpen[$0] ? min(policy.cap, limits?[$0] ?? 1) : 0 }
        let low = high.map { min(policy.floor, $0) }
        if weights.indices.allSatisfy({ weights[$0] >= low[$0] && weights[$0] <= high[$0] }) { return weights }
        let room = high.reduce(0, +)
        // The rows that are left do not reach to the end of the run: use them up evenly, and let the loader's
        // policy for exhausted domains speak.
        guard room > 1 else { return room > 0 ? high.map { $0 / room } : weights }
        // An open domain whose weight has become 0 can take part again when the others are at their caps.
        let base = weights.map { max($0, 1e-12) }
        var below = 0.0
        var above = 2 * room / (base.min() ?? 1)
        for _ in 0..<2000 where above - below > 1e-16 * above {
            let factor = 0.5 * (below + above)
            let sum = base.indices.reduce(0) { $0 + min(max(factor * base[$1], low[$1]), high[$1]) }
            if sum < 1 { below = factor } else { above = factor }
            if factor == below && factor == above { break }
        }
        let result = base.indices.map { min(max(above * base[$0], low[$0]), high[$0]) }
        let sum = result.reduce(0, +)
        return result.map { $0 / sum }
    }

    /// The largest share of each domain that its remaining rows can keep up to the end of the run.
    /// - Parameters:
    ///   - remaining: Rows not yet used.
    ///   - rowsLeft: The rows that the run still reads.
    public static func poolLimits(remaining: [Int], rowsLeft: Int) -> [Double] {
        // A domain's rows follow its weight to within one row.
        remaining.map { min(1, Double(max($0 - 1, 0)) / Double(max(rowsLeft, 1))) }
    }
}
