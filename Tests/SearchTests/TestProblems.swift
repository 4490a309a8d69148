import Glibc
import Search

/// The bi-objective problems of Zitzler, Deb and Thiele (2000) and DTLZ2 of Deb et al. (2002), with what pymoo 0.6.2's
/// NSGA-II reaches on them in 250 generations of 100: hypervolume to the reference 1.1 over 30 seeds.
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
