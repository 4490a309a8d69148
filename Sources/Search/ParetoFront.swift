/// The measured candidates that no other one beats in every objective, and the hypervolume they cover.
public struct ParetoFront: Codable, Sendable, Equatable {
    /// One candidate of the front.
    public struct Member: Codable, Sendable, Equatable {
        /// Its place in the archive, as in the journal.
        public let id: Int
        public let genome: Genome
        /// One value per objective, in the objectives' order and units.
        public let scores: [Double]
    }

    /// Two or three.
    public let objectives: [SearchObjective]
    /// The point up to which hypervolume counts, in the objectives' order and units.
    public let reference: [Double]
    /// Best first in the first objective, then in the following ones, then by id. Members may have equal scores.
    public let members: [Member]
    /// What the members cover, in the product of the objectives' units.
    public let hypervolume: Double

    /// The front of all comparable ones of `evaluations`.
    /// - Parameter reference: A finite value per objective, worse than what is worth having.
    /// - Throws: `SearchError.invalidArgument` when the objectives are not two or three, or the reference does not fit.
    public init(
        objectives: [SearchObjective], evaluations: [MeasuredCandidate], reference: [Double]
    ) throws(SearchError) {
        try objectives.check(reference: reference)
        let candidates = evaluations.filter(\.isComparable)
        let points = candidates.map { objectives.minimised($0.scores) }
        let sorted = Dominance.front(points).sorted { one, other in
            for (first, second) in zip(points[one], points[other]) where first != second { return first < second }
            return candidates[one].id < candidates[other].id
        }
        self.objectives = objectives
        self.reference = reference
        members = sorted.map {
            Member(id: candidates[$0].id, genome: candidates[$0].genome, scores: candidates[$0].scores)
        }
        hypervolume = Hypervolume.exact(sorted.map { points[$0] }, reference: objectives.minimised(reference))
    }

    /// The hypervolume after each evaluation, in order.
    /// - Throws: As `init`.
    public static func hypervolumes(
        after evaluations: [MeasuredCandidate], objectives: [SearchObjective], reference: [Double]
    ) throws(SearchError) -> [Double] {
        try objectives.check(reference: reference)
        let corner = objectives.minimised(reference)
        var front: [[Double]] = []
        var volume = 0.0
        return evaluations.map { evaluation in
            let point = objectives.minimised(evaluation.scores)
            if evaluation.isComparable, !front.contains(where: { Dominance.dominates($0, point) }) {
                front.removeAll { Dominance.dominates(point, $0) }
                front.append(point)
                volume = Hypervolume.exact(front, reference: corner)
            }
            return volume
        }
    }

    /// The member furthest from the plane through the ends of the front, each objective scaled to the front's range:
    /// the smallest sum of scaled scores (Das 1999); of equals the first. Nil when the front is empty.
    ///
    /// On a front that bulges the other way this is one of its ends.
    public var knee: Member? {
        let points = members.map { objectives.minimised($0.scores) }
        let ranges = objectives.indices.map { index in
            let values = points.map { $0[index] }
            return (least: values.min() ?? 0, most: values.max() ?? 0)
        }
        let sums = points.map { point in
            zip(point, ranges).reduce(0.0) { sum, pair in
                let width = pair.1.most - pair.1.least
                return width > 0 ? sum + (pair.0 - pair.1.least) / width : sum
            }
        }
        return sums.indices.min { sums[$0] < sums[$1] }.map { members[$0] }
    }
}
