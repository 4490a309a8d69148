import Glibc
import Search

/// The bi-objective problems of Zitzler, Deb and Thiele (2000) and DTLZ2 of Deb et al. (2002), with what pymoo 0.6.2's
/// NSGA-II reaches on them in 250 generations of 100, over 30 seeds: hypervolume to the reference 1.1, and the mean
/// distance of points of the exact front to the nearest point found (inverted generational distance).
enum TestProblem: String, CaseIterable, Sendable {
    case zdt1, zdt2, zdt3, zdt4, zdt6, dtlz2OfTwo, dtlz2OfThree

    /// Mean, standard deviation and least hypervolume.
    var published: (mean: Double, deviation: Double, least: Double) {
        switch self {
        case .zdt1: (0.86958, 0.00035, 0.86870)
        case .zdt2: (0.53623, 0.00030, 0.53562)
        case .zdt3: (1.32759, 0.00020, 1.32718)
        case .zdt4: (0.86556, 0.00458, 0.85044)
        case .zdt6: (0.49413, 0.00120, 0.49222)
        case .dtlz2OfTwo: (0.41945, 0.00024, 0.41889)
        case .dtlz2OfThree: (0.70255, 0.00708, 0.68798)
        }
    }

    /// Mean and standard deviation of the distance.
    var publishedDistance: (mean: Double, deviation: Double) {
        switch self {
        case .zdt1: (0.00483, 0.00022)
        case .zdt2: (0.00486, 0.00022)
        case .zdt3: (0.00544, 0.00016)
        case .zdt4: (0.00644, 0.00243)
        case .zdt6: (0.00842, 0.00078)
        case .dtlz2OfTwo: (0.00498, 0.00017)
        case .dtlz2OfThree: (0.07060, 0.0028)
        }
    }

    /// Points of the exact front: 1000 evenly spaced in the first score (ZDT3: 200 on each of its five pieces); of three
    /// scores, those of Das and Dennis (1998) in 50 parts, projected to the sphere.
    var front: [[Double]] {
        switch self {
        case .zdt1, .zdt4: Self.curve(1000, 0...1) { 1 - $0.squareRoot() }
        case .zdt2: Self.curve(1000, 0...1) { 1 - $0 * $0 }
        case .zdt3:
            [
                0...0.0830015, 0.1822288...0.2577624, 0.4093137...0.4538821, 0.6183968...0.6525117,
                0.8233318...0.8518329,
            ].flatMap { Self.curve(200, $0) { 1 - $0.squareRoot() - $0 * sin(10 * .pi * $0) } }
        case .zdt6: Self.curve(1000, 0.2807753191...1) { 1 - $0 * $0 }
        case .dtlz2OfTwo: Self.curve(1000, 0...1) { (1 - $0 * $0).squareRoot() }
        case .dtlz2OfThree: Self.sphere(parts: 50)
        }
    }

    private static func curve(
        _ count: Int, _ range: ClosedRange<Double>, _ second: (Double) -> Double
    ) -> [[Double]] {
        let step = (range.upperBound - range.lowerBound) / Double(count - 1)
        var points: [[Double]] = []
        for index in 0..<count {
            let first = range.lowerBound + step * Double(index)
            points.append([first, second(first)])
        }
        return points
    }

    private static func sphere(parts: Int) -> [[Double]] {
        var points: [[Double]] = []
        for first in 0...parts {
            for second in 0...(parts - first) {
                let (x, y, z) = (Double(first), Double(second), Double(parts - first - second))
                let length = (x * x + y * y + z * z).squareRoot()
                points.append([x / length, y / length, z / length])
            }
        }
        return points
    }

    /// The mean distance of the points of `front` to the nearest of `found`.
    func distance(to found: [[Double]]) -> Double {
        let front = front
        var sum = 0.0
        for point in front {
            var nearest = Double.infinity
            for other in found {
                var square = 0.0
                for axis in point.indices {
                    let difference = point[axis] - other[axis]
                    square += difference * difference
                }
                nearest = min(nearest, square)
            }
            sum += nearest.squareRoot()
        }
        return sum / Double(front.count)
    }

    var objectiveCount: Int { self == .dtlz2OfThree ? 3 : 2 }

    var search: RealSearch {
        let count =
            switch self {
            case .zdt1, .zdt2, .zdt3: 30
            case .zdt4, .zdt6: 10
            case .dtlz2OfTwo, .dtlz2OfThree: 9 + objectiveCount
            }
        let side = self == .zdt4 ? 5.0 : 1.0
        return RealSearch(
            lower: [0] + [Double](repeating: self == .zdt4 ? -side : 0, count: count - 1),
            upper: [1] + [Double](repeating: side, count: count - 1), objectiveCount: objectiveCount)
    }

    func scores(_ x: ArraySlice<Double>) -> [Double] {
        let x = Array(x)
        let rest = x.dropFirst()
        let mean = rest.reduce(0, +) / Double(rest.count)
        switch self {
        case .zdt1:
            let g = 1 + 9 * mean
            return [x[0], g * (1 - (x[0] / g).squareRoot())]
        case .zdt2:
            let g = 1 + 9 * mean
            return [x[0], g * (1 - (x[0] / g) * (x[0] / g))]
        case .zdt3:
            let g = 1 + 9 * mean
            return [x[0], g * (1 - (x[0] / g).squareRoot() - x[0] / g * sin(10 * .pi * x[0]))]
        case .zdt4:
            let g = 1 + 10 * Double(rest.count) + rest.reduce(0) { $0 + $1 * $1 - 10 * cos(4 * .pi * $1) }
            return [x[0], g * (1 - (x[0] / g).squareRoot())]
        case .zdt6:
            let first = 1 - exp(-4 * x[0]) * pow(sin(6 * .pi * x[0]), 6)
            let g = 1 + 9 * pow(mean, 0.25)
            return [first, g * (1 - (first / g) * (first / g))]
        case .dtlz2OfTwo, .dtlz2OfThree:
            let angles = x.prefix(objectiveCount - 1).map { $0 * .pi / 2 }
            let radius = 1 + x.dropFirst(objectiveCount - 1).reduce(0) { $0 + ($1 - 0.5) * ($1 - 0.5) }
            return (0..<objectiveCount).map { index in
                let cosines = angles.prefix(objectiveCount - 1 - index).reduce(radius) { $0 * cos($1) }
                return index == 0 ? cosines : cosines * sin(angles[objectiveCount - 1 - index])
            }
        }
    }
}
