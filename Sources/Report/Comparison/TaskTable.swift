public import Statistics

/// The answers of all arms to one task's questions in one regime.
public struct TaskTable: Codable, Sendable, Equatable {
    public var regime: Regime
    public var task: String
    public var metric: String
    /// What guessing scores on average.
    public var chance: Double
    public var questions: Int
    public var entries: [Entry]

    /// One arm.
    public struct Entry: Codable, Sendable, Equatable {
        public var arm: String
        public var right: Int
        /// The share of right answers.
        public var accuracy: Double
        /// Wilson's, at 95 percent.
        public var interval: Interval
        /// Whether the interval holds what guessing scores, or the accuracy lies below it.
        public var isNearChance: Bool
        /// Questions that only one of this arm and the reference got right; nil for the reference.
        public var test: McNemar?
        public var probability: Double?
        /// After Holm's correction over all tasks and arms of the regime.
        public var adjusted: Double?
        /// The arm that answers better, where the adjusted p-value is below 0.05; else nil.
        public var better: String?

        enum CodingKeys: String, CodingKey {
            case arm, right, accuracy, interval
            case isNearChance = "near_chance"
            case test, probability, adjusted, better
        }
    }

    public subscript(_ arm: String) -> Entry? { entries.first { $0.arm == arm } }

    /// The tables of one regime: one per task that the measured arms answered, tested against the reference.
    static func tables(
        _ regime: Regime, stages: [(arm: String, stage: String)], measured: [String: MeasuredModel], reference: String
    ) -> [TaskTable] {
        let models = stages.compactMap { entry in measured[entry.stage].map { (arm: entry.arm, model: $0) } }
        var names: [String] = []
        for name in models.flatMap({ $0.model.tasks.map(\.name) }) where !names.contains(name) { names.append(name) }
        var tables = names.compactMap { name -> TaskTable? in
            let answered = models.compactMap { entry in
                entry.model.tasks.first { $0.name == name }.map { (arm: entry.arm, task: $0) }
            }
            guard let first = answered.first?.task, !first.answers.isEmpty else { return nil }
            let own = answered.first { $0.arm == reference }?.task
            return TaskTable(
                regime: regime, task: name, metric: first.metric, chance: first.chance,
                questions: first.answers.count,
                entries: answered.compactMap {
                    entry(of: $0.task, arm: $0.arm, against: $0.arm == reference ? nil : own)
                }
            )
        }
        correct(&tables, reference)
        return tables
    }

    private static func entry(of task: MeasuredModel.Task, arm: String, against own: MeasuredModel.Task?) -> Entry? {
        let right = task.answers.count(where: \.isRight)
        guard let interval = Interval.wilson(successes: right, of: task.answers.count) else { return nil }
        let test = own.map { McNemar(first: task.answers.map(\.isRight), second: $0.answers.map(\.isRight)) }
        return Entry(
            arm: arm, right: right, accuracy: Double(right) / Double(task.answers.count), interval: interval,
            isNearChance: interval.low <= task.chance, test: test, probability: test?.probability)
    }

    private static func correct(_ tables: inout [TaskTable], _ reference: String) {
        let places = tables.indices.flatMap { table in
            tables[table].entries.indices.filter { tables[table].entries[$0].test != nil }.map { (table, $0) }
        }
        let adjusted = HolmCorrection.adjusted(
            places.compactMap { tables[$0.0].entries[$0.1].probability })
        for ((table, entry), value) in zip(places, adjusted) {
            tables[table].entries[entry].adjusted = value
            guard value < 0.05, let test = tables[table].entries[entry].test else { continue }
            tables[table].entries[entry].better =
                test.onlyFirst > test.onlySecond ? tables[table].entries[entry].arm : reference
        }
    }
}
