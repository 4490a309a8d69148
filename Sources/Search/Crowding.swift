/// How much room each point of a front has: NSGA-II's crowding distance, divided by the number of objectives.
public enum Crowding {
    /// One distance per point, in the points' order.
    public static func distances(_ points: [[Double]]) -> [Double] {
        guard let width = points.first?.count else { return [] }
        return distances(of: Array(points.indices), points.flatMap { $0 }, width: width)
    }

    /// One distance per member of `front`, in its order.
    ///
    /// Per objective the ends get infinity and every other point the gap between its neighbours over the front's range;
    /// an objective in which all are equal adds nothing, not even for its ends. Up to two points all have infinite room.
    /// - Parameter scores: `width` scores per individual, one individual after another.
    static func distances(of front: [Int], _ scores: [Double], width: Int) -> [Double] {
        guard front.count > 2 else { return front.map { _ in .infinity } }
        var distances = [Double](repeating: 0, count: front.count)
        var column = [(value: Double, place: Int)](repeating: (0, 0), count: front.count)
        for objective in 0..<width {
            for (place, individual) in front.enumerated() {
                column[place] = (scores[individual * width + objective], place)
            }
            column.sort { $0.value == $1.value ? $0.place < $1.place : $0.value < $1.value }
            let last = column.count - 1
            let range = column[last].value - column[0].value
            guard range > 0 else { continue }
            distances[column[0].place] = .infinity
            distances[column[last].place] = .infinity
            for index in 1..<last {
                distances[column[index].place] += (column[index + 1].value - column[index - 1].value) / range
            }
        }
        return distances.map { $0 / Double(width) }
    }
}
