public import Statistics

/// The mean accuracy over tasks of all arms in one regime, each task counting the same.
public struct TaskMeans: Codable, Sendable, Equatable {
    public var regime: Regime
    public var tasks: [String]
    public var entries: [Entry]

    /// One arm.
    public struct Entry: Codable, Sendable, Equatable {
        public var arm: String
        public var mean: PairedBootstrap.Estimate
        /// How much higher than the reference's; nil for the reference itself.
        public var difference: PairedBootstrap.Estimate?
    }

    init(
        _ regime: Regime, stages: [(arm: String, stage: String)], questions: PairedBootstrap, models: [String: Int],
        reference: String
    ) {
        self.regime = regime
        tasks = questions.strata.map(\.name)
        let own = stages.first { $0.arm == reference }.flatMap { models[$0.stage] }
        entries = stages.compactMap { arm, stage in
            models[stage].map { model in
                Entry(
                    arm: arm, mean: questions.estimate(of: model),
                    difference: arm == reference ? nil : own.map { questions.difference(model, $0) })
            }
        }
    }
}
