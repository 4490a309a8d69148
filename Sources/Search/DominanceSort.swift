/// The fast non-dominated sort of NSGA-II (Deb et al. 2002): who is dominated by nobody, who then, and so on.
public enum DominanceSort {
    /// All points by front, best front first, indices ascending inside a front; smaller scores are better.
    public static func fronts(_ points: [[Double]]) -> [[Int]] {
        guard let width = points.first?.count else { return [] }
        return fronts(points.flatMap { $0 }, width: width, wanted: points.count)
    }

    /// The best fronts, as many as it takes to hold `wanted` individuals; `O(width · n²)`.
    /// - Parameter scores: `width` scores per individual, one individual after another.
    static func fronts(_ scores: [Double], width: Int, wanted: Int) -> [[Int]] {
        let count = scores.count / width
        // dominates[one * count + other]; what is left over each individual.
        var dominates = [Bool](repeating: false, count: count * count)
        var above = [Int](repeating: 0, count: count)
        for one in 0..<count {
            for other in (one + 1)..<max(count, one + 1) {
                let relation = Dominance.relation(scores, one, other, width: width)
                if relation < 0 {
                    dominates[one * count + other] = true
                    above[other] += 1
                } else if relation > 0 {
                    dominates[other * count + one] = true
                    above[one] += 1
                }
            }
        }
        var fronts: [[Int]] = []
        var front = (0..<count).filter { above[$0] == 0 }
        var ranked = 0
        while !front.isEmpty, ranked < wanted {
            fronts.append(front)
            ranked += front.count
            var isNext = [Bool](repeating: false, count: count)
            for one in front {
                for other in 0..<count where dominates[one * count + other] {
                    above[other] -= 1
                    if above[other] == 0 { isNext[other] = true }
                }
            }
            front = (0..<count).filter { isNext[$0] }
        }
        return fronts
    }
}
