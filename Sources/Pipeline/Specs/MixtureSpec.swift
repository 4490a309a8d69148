public import Corpus
public import Training

/// Which domains the rows of a batch come from, and how that changes while training.
public struct MixtureSpec: Encodable, Sendable, Equatable {
    /// The weights at step 0.
    public var weights: Weights = .natural
    /// What happens when a domain has no unused row left. Unless it repeats, `dynamic` gives no domain a larger share than
    /// its unused rows can keep up to the last step.
    public var exhausted: ExhaustionPolicy = .repeat
    /// Dynamic batch loading; nil keeps the weights.
    public var dynamic: Dynamic?

    public init() {}

    /// Weights at step 0.
    public enum Weights: Encodable, Sendable, Equatable {
        /// In proportion to the training rows of each domain.
        case natural
        /// The same for each domain.
        case uniform
        /// By domain; domains not named get none. Divided by their sum.
        case given([String: Double])
        /// The weights at the end of another training stage.
        case carried(StageID)

        /// - Throws: What the encoder throws.
        public func encode(to encoder: any Encoder) throws {
            switch self {
            case .natural:
                var container = encoder.singleValueContainer()
                try container.encode("natural")
            case .uniform:
                var container = encoder.singleValueContainer()
                try container.encode("uniform")
            case .given(let weights): try weights.encode(to: encoder)
            case .carried(let stage): try ["carry": stage.name].encode(to: encoder)
            }
        }
    }

    /// Dynamic batch loading (Sheared-LLaMA, algorithm 1): after each evaluation the weights move towards the domains
    /// whose loss is furthest above its reference.
    public struct Dynamic: Encodable, Sendable, Equatable {
        /// The loss each domain is expected to reach.
        public var reference: Reference
        /// How an evaluation changes the weights.
        public var policy = MixturePolicy()
        /// Whether an update happens before step 0.
        public var atStart = false

        enum CodingKeys: String, CodingKey, CaseIterable {
            case reference, gap, eta, smoothing, floor, cap
            case priorPull = "prior_pull"
            case atStart = "at_start"
        }

        /// - Throws: What the encoder throws.
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(reference, forKey: .reference)
            try container.encode(policy.gap, forKey: .gap)
            try container.encode(policy.eta, forKey: .eta)
            try container.encode(policy.smoothing, forKey: .smoothing)
            try container.encode(policy.floor, forKey: .floor)
            try container.encode(policy.cap, forKey: .cap)
            try container.encode(policy.priorPull, forKey: .priorPull)
            try container.encode(atStart, forKey: .atStart)
        }
    }

    /// Where reference losses come from.
    public enum Reference: Encodable, Sendable, Equatable {
        /// Nats per token, by domain.
        case given([String: Double])
        /// Measured from the model of a stage on the same validation rows.
        case measured(StageID)
        /// `A N^-b + C` through three sizes, taken at the parameters of the model being trained (for pruning: of the target).
        case fitted([FitPoint])

        /// - Throws: What the encoder throws.
        public func encode(to encoder: any Encoder) throws {
            switch self {
            case .given(let losses): try ["given": losses].encode(to: encoder)
            case .measured(let stage): try ["measured": stage.name].encode(to: encoder)
            case .fitted(let points): try ["fitted": points].encode(to: encoder)
            }
        }
    }

    /// Domain losses of one model size.
    public struct FitPoint: Encodable, Sendable, Equatable {
        /// Total parameters, embeddings included.
        public var parameters: Int
        /// Nats per token, by domain.
        public var losses: [String: Double]
    }

    /// The stages it reads, as needs of the stage that holds it at `mixture`.
    var needs: [StageNeed] {
        var needs: [StageNeed] = []
        if case .carried(let stage) = weights {
            needs.append(StageNeed(key: "mixture.weights.carry", stage: stage, kind: .model))
        }
        if let dynamic, case .measured(let stage) = dynamic.reference {
            needs.append(StageNeed(key: "mixture.dynamic.reference.measured", stage: stage, kind: .model))
        }
        return needs
    }

    var problems: [KeyProblem] {
        var found: [KeyProblem] = []
        if case .given(let weights) = weights {
            if weights.isEmpty { found.append(("mixture.weights", "names no domain")) }
            if weights.values.contains(where: { $0 < 0 }) {
                found.append(("mixture.weights", "holds a negative weight"))
            }
            if !(weights.values.reduce(0, +) > 0) {
                found.append(("mixture.weights", "sums to 0; at least one domain needs a weight above 0"))
            }
        }
        guard let dynamic else { return found }
        if dynamic.policy.floor >= dynamic.policy.cap {
            found.append(
                ("mixture.dynamic.floor", "\(dynamic.policy.floor) is not below the cap \(dynamic.policy.cap)"))
        }
        if case .fitted(let points) = dynamic.reference {
            if Set(points.map(\.parameters)).count != 3 || points.count != 3 {
                found.append(
                    ("mixture.dynamic.reference.fitted", "needs three different sizes, found \(points.count) points"))
            } else if Set(points.map { Set($0.losses.keys) }).count != 1 {
                found.append(("mixture.dynamic.reference.fitted", "the points name different domains"))
            }
        }
        return found
    }
}
