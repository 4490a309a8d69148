/// Whether all arms recovered on the same budget, without which a difference after recovery is not one of methods.
public struct RecoveryBudget: Codable, Sendable, Equatable {
    public var arms: [Entry]
    /// Keys of the recovery stages that are set differently, with each arm's value.
    public var differences: [Difference]

    /// What one arm's recovery took.
    public struct Entry: Codable, Sendable, Equatable {
        public var arm: String
        public var trainedTokens: Int
        public var floatingPointOperations: Double

        enum CodingKeys: String, CodingKey {
            case arm
            case trainedTokens = "trained_tokens"
            case floatingPointOperations = "floating_point_operations"
        }
    }

    /// One key.
    public struct Difference: Codable, Sendable, Equatable {
        public var key: String
        public var values: [Value]

        /// What one arm has; “not set” where it has nothing.
        public struct Value: Codable, Sendable, Equatable {
            public var arm: String
            public var value: String
        }
    }

    /// Whether every arm that recovered did so on the same number of tokens.
    public var isEqual: Bool { Set(arms.map(\.trainedTokens)).count <= 1 }

    /// - Parameter settings: by stage and key; compared between the stages that the arms end with.
    init(arms: [ComparedArm], ledger: CostLedger, settings: [String: [String: String]]) {
        let recovered = arms.filter { $0.before != nil && $0.before != $0.model }
        self.arms = recovered.map { arm in
            let cost = ledger.cost(from: arm.before ?? arm.model, to: arm.model)
            return Entry(
                arm: arm.name, trainedTokens: cost.trainedTokens, floatingPointOperations: cost.floatingPointOperations)
        }
        let stated = recovered.filter { settings[$0.model] != nil }
        let keys = Set(stated.flatMap { (settings[$0.model] ?? [:]).keys })
        differences = keys.sorted().compactMap { key in
            let values = stated.map { arm in
                Difference.Value(arm: arm.name, value: settings[arm.model]?[key] ?? "not set")
            }
            return Set(values.map(\.value)).count > 1 ? Difference(key: key, values: values) : nil
        }
    }
}
