/// The volume that points dominate up to a reference point, for two and three scores; smaller scores are better.
public enum Hypervolume {
    /// Exact; `n log n` for two scores, `n²` for three.
    ///
    /// Points that are not better than the reference in every score add nothing.
    /// - Parameters:
    ///   - points: Finite scores; dominated and equal points may be among them.
    ///   - reference: Two or three scores.
    public static func exact(_ points: [[Double]], reference: [Double]) -> Double {
        let inside = points.filter { point in
            precondition(point.count == reference.count, "a point and the reference have different numbers of scores")
            return zip(point, reference).allSatisfy { $0 < $1 }
        }
        switch reference.count {
        case 2: return area(inside.map { ($0[0], $0[1]) }, (reference[0], reference[1]))
        case 3: return volume(inside, reference)
        default: preconditionFailure("hypervolume is computed for two and three scores, not \(reference.count)")
        }
    }

    /// Strips from left to right: each point adds what lies below the lowest point so far.
    private static func area(_ points: [(Double, Double)], _ reference: (Double, Double)) -> Double {
        var lowest = reference.1
        var sum = 0.0
        for point in points.sorted(by: { $0 < $1 }) where point.1 < lowest {
            sum += (reference.0 - point.0) * (lowest - point.1)
            lowest = point.1
        }
        return sum
    }

    /// Slices along the third score: under each the area of the points reached so far.
    private static func volume(_ points: [[Double]], _ reference: [Double]) -> Double {
        let sorted = points.sorted { $0[2] < $1[2] }
        // Corners of the area dominated so far: first score ascending, second descending.
        var stairs: [(Double, Double)] = []
        var sum = 0.0
        for (index, point) in sorted.enumerated() {
            let corner = (point[0], point[1])
            if !stairs.contains(where: { $0.0 <= corner.0 && $0.1 <= corner.1 }) {
                stairs.removeAll { corner.0 <= $0.0 && corner.1 <= $0.1 }
                stairs.insert(corner, at: stairs.firstIndex { $0.0 > corner.0 } ?? stairs.count)
            }
            let end = index + 1 < sorted.count ? sorted[index + 1][2] : reference[2]
            if end > point[2] { sum += area(stairs, (reference[0], reference[1])) * (end - point[2]) }
        }
        return sum
    }
}
