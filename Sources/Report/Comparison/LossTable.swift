public import Statistics

/// Domain losses of all arms in one regime, on the same held-out rows.
public struct LossTable: Codable, Sendable, Equatable {
    public var regime: Regime
    /// In the order of the arms; arms without a model in this regime are left out.
    public var entries: [Entry]
    /// Every two arms once.
    public var pairs: [Pair]

    /// One arm.
    public struct Entry: Codable, Sendable, Equatable {
        public var arm: String
        public var stage: String
        /// 1 is the lowest loss.
        public var rank: Int
        /// Nats per token, each domain counting the same.
        public var mean: PairedBootstrap.Estimate
        public var domains: [DomainValue]
        /// How much higher than the reference's; nil for the reference itself and where it has no model.
        public var difference: PairedBootstrap.Estimate?
    }

    /// Nats per token of one domain.
    public struct DomainValue: Codable, Sendable, Equatable {
        public var domain: String
        public var loss: Double
    }

    /// Two arms.
    public struct Pair: Codable, Sendable, Equatable {
        public var first: String
        public var second: String
        /// How much higher the first one's mean loss is.
        public var difference: PairedBootstrap.Estimate
        public var probability: Double?
        /// After Holm's correction over all pairs of the table.
        public var adjusted: Double?
        /// The arm with the lower loss, where the interval leaves out 0 and the adjusted p-value agrees; else nil.
        public var lower: String?
    }

    /// - Parameters:
    ///   - stages: the stage of each arm in this regime; arms without one left out.
    ///   - rows: the rows of all stages.
    ///   - models: each stage's place in `rows`.
    init(
        _ regime: Regime, stages: [(arm: String, stage: String)], rows: PairedBootstrap, models: [String: Int],
        reference: String
    ) {
        self.regime = regime
        let places = stages.compactMap { entry in models[entry.stage].map { (entry.arm, entry.stage, $0) } }
        let own = places.first { $0.0 == reference }?.2
        let sorted = places.map { rows.means[$0.2] }.sorted()
        entries = places.map { arm, stage, model in
            Entry(
                arm: arm, stage: stage, rank: 1 + (sorted.firstIndex { $0 >= rows.means[model] } ?? 0),
                mean: rows.estimate(of: model),
                domains: rows.strata.map { DomainValue(domain: $0.name, loss: $0.mean(of: model)) },
                difference: arm == reference ? nil : own.map { rows.difference(model, $0) })
        }
        var pairs: [Pair] = []
        for (index, first) in places.enumerated() {
            for second in places[(index + 1)...] {
                pairs.append(
                    Pair(
                        first: first.0, second: second.0, difference: rows.difference(first.2, second.2),
                        probability: rows.probability(first.2, second.2)))
            }
        }
        let tested = pairs.indices.filter { pairs[$0].probability != nil }
        let adjusted = HolmCorrection.adjusted(tested.compactMap { pairs[$0].probability })
        for (index, value) in zip(tested, adjusted) {
            pairs[index].adjusted = value
            let difference = pairs[index].difference
            guard value < 1 - rows.confidence, let interval = difference.interval, !interval.contains(0) else {
                continue
            }
            pairs[index].lower = difference.value < 0 ? pairs[index].first : pairs[index].second
        }
        self.pairs = pairs
    }

    public subscript(_ arm: String) -> Entry? { entries.first { $0.arm == arm } }

    /// How much higher the first arm's loss is than the second's, whichever way the pair was stored, and which of them
    /// is lower for sure.
    public func pair(_ first: String, _ second: String) -> Pair? {
        if let pair = pairs.first(where: { $0.first == first && $0.second == second }) { return pair }
        guard var pair = pairs.first(where: { $0.first == second && $0.second == first }) else { return nil }
        (pair.first, pair.second) = (first, second)
        pair.difference.value = -pair.difference.value
        pair.difference.interval = pair.difference.interval.map { Interval(low: -$0.high, high: -$0.low) }
        return pair
    }
}
