/// How two vectors of scores compare when smaller is better everywhere.
public enum Dominance {
    /// Whether `one` is at most `other` in all scores and less in one.
    public static func dominates(_ one: [Double], _ other: [Double]) -> Bool {
        precondition(one.count == other.count, "scores of different lengths do not compare")
        var isLess = false
        for (one, other) in zip(one, other) {
            if one > other { return false }
            if one < other { isLess = true }
        }
        return isLess
    }

    /// The indices of the points that no other point dominates, ascending; equal points are all kept.
    public static func front(_ points: [[Double]]) -> [Int] {
        points.indices.filter { index in !points.contains { dominates($0, points[index]) } }
    }

    /// -1 when the scores at `one` dominate those at `other`, 1 when it is the other way round, else 0.
    /// - Parameter scores: `width` scores per individual, one individual after another.
    @inline(__always)
    static func relation(_ scores: [Double], _ one: Int, _ other: Int, width: Int) -> Int {
        var isLess = false
        var isGreater = false
        for index in 0..<width {
            let difference = scores[one * width + index] - scores[other * width + index]
            if difference < 0 { isLess = true } else if difference > 0 { isGreater = true }
        }
        return isLess == isGreater ? 0 : isLess ? -1 : 1
    }
}
