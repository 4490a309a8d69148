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

extension SearchTrace {
    /// Whether hypervolumes of the two are of one kind.
    func isComparable(with other: SearchTrace) -> Bool {
        objectives == other.objectives && reference == other.reference
    }

    /// The best of each objective on the fronts of searches that are comparable; nil when there is nothing on them.
    static func ideal(of searches: [SearchTrace]) -> [Double]? {
        let points = searches.flatMap { search in search.front.map { search.scores[$0] } }
        guard let objectives = searches.first?.objectives, !points.isEmpty else { return nil }
        return objectives.indices.compactMap { index in
            let values = points.map { $0[index] }
            return objectives[index].isMaximised ? values.max() : values.min()
        }
    }

    /// The volume between the reference point and an ideal one: what hypervolumes are shares of. Nil where the ideal is no
    /// better than the reference in some objective.
    func box(to ideal: [Double]?) -> Double? {
        guard let ideal, ideal.count == reference.count else { return nil }
        let sides = objectives.indices.map { index in
            (reference[index] - ideal[index]) * (objectives[index].isMaximised ? -1 : 1)
        }
        return sides.allSatisfy { $0 > 0 } ? sides.reduce(1, *) : nil
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
    /// The same after each evaluation.
    public var hypervolumes: [Double]
    /// The best of each objective that this search and those comparable with it have found.
    public var ideal: [Double]?
    /// `hypervolume` as a share of the volume from `reference` to `ideal`: without units, 1 where one candidate is the best
    /// in everything. Nil where there is no such volume.
    public var normalisedHypervolume: Double?
    /// What no other candidate beats in every objective.
    public var front: [Member]

    /// A candidate of the front.
    public struct Member: Codable, Sendable, Equatable {
        /// Its place in the order of measuring, from 0.
        public var candidate: Int
        /// In the order of the objectives.
        public var scores: [Double]
    }

    /// - Parameter all: the searches of the comparison, this one among them.
    init(_ trace: SearchTrace, among all: [SearchTrace]) {
        stage = trace.stage
        algorithm = trace.algorithm
        objectives = trace.objectives
        evaluations = trace.scores.count
        frontSize = trace.front.count
        reference = trace.reference
        hypervolume = trace.hypervolumes.last
        hypervolumes = trace.hypervolumes
        ideal = SearchTrace.ideal(of: all.filter { $0.isComparable(with: trace) })
        normalisedHypervolume = trace.box(to: ideal).flatMap { box in trace.hypervolumes.last.map { $0 / box } }
        front = trace.front.map { Member(candidate: $0, scores: trace.scores[$0]) }
    }

    enum CodingKeys: String, CodingKey {
        case stage, algorithm, objectives, evaluations, reference, hypervolume
        case hypervolumes, ideal, front
        case frontSize = "front_size"
        case normalisedHypervolume = "normalised_hypervolume"
    }
}
