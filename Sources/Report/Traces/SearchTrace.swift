/// What a search measured, evaluation by evaluation.
public struct SearchTrace: Sendable, Equatable {
    public var stage: String
    /// How candidates were proposed (“linas”, “random”).
    public var algorithm: String
    public var objectives: [Objective]
    /// `[evaluation][objective]`, in the order of measuring.
    public var scores: [[Double]]
    /// The evaluations that no other one beats in every objective.
    public var front: [Int]
    /// The point up to which hypervolume counts, one value per objective.
    public var reference: [Double]
    /// After each evaluation.
    public var hypervolumes: [Double]

    /// One of the two or three things weighed against each other.
    public struct Objective: Codable, Sendable, Equatable {
        public var name: String
        public var isMaximised: Bool

        public init(name: String, isMaximised: Bool) {
            self.name = name
            self.isMaximised = isMaximised
        }

        enum CodingKeys: String, CodingKey {
            case name
            case isMaximised = "maximised"
        }
    }

    public init(
        stage: String, algorithm: String, objectives: [Objective], scores: [[Double]], front: [Int],
        reference: [Double], hypervolumes: [Double]
    ) {
        self.stage = stage
        self.algorithm = algorithm
        self.objectives = objectives
        self.scores = scores
        self.front = front
        self.reference = reference
        self.hypervolumes = hypervolumes
    }
}

/// A search as `comparison.json` sums it up.
public struct SearchOutcome: Codable, Sendable, Equatable {
    public var stage: String
    public var algorithm: String
    public var objectives: [SearchTrace.Objective]
    public var evaluations: Int
    public var frontSize: Int
    public var reference: [Double]
    /// What the front covers at the end, in the product of the objectives' units.
    public var hypervolume: Double?

    init(_ trace: SearchTrace) {
        stage = trace.stage
        algorithm = trace.algorithm
        objectives = trace.objectives
        evaluations = trace.scores.count
        frontSize = trace.front.count
        reference = trace.reference
        hypervolume = trace.hypervolumes.last
    }

    enum CodingKeys: String, CodingKey {
        case stage, algorithm, objectives, evaluations, reference, hypervolume
        case frontSize = "front_size"
    }
}
