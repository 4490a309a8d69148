import Corpus
import Testing

@testable import Search

@Suite struct NonDominatedSortingTests {
    @Test func handSortedFronts() {
        let points: [[Double]] = [[1, 5], [2, 3], [4, 1], [2, 6], [3, 4], [5, 5], [4, 4], [1, 5]]
        #expect(DominanceSort.fronts(points) == [[0, 1, 2, 7], [3, 4], [6], [5]])
        #expect(DominanceSort.fronts([]).isEmpty)
        #expect(DominanceSort.fronts([[1, 1], [1, 1]]) == [[0, 1]])
    }

    /// A front is what nobody of those left dominates, taken away again and again.
    @Test(arguments: [1, 2, 3])
    func frontsFollowTheirDefinition(width: Int) {
        for seed in 0..<60 {
            var stream = RandomStream(seed: UInt64(seed), name: "fronts/\(width)")
            let points = (0..<40).map { _ in (0..<width).map { _ in Double(stream.integer(below: 9)) } }
            var left = Array(points.indices)
            var expected: [[Int]] = []
            while !left.isEmpty {
                let front = left.filter { one in !left.contains { Dominance.dominates(points[$0], points[one]) } }
                expected.append(front)
                left.removeAll { front.contains($0) }
            }
            #expect(DominanceSort.fronts(points) == expected)
            let some = DominanceSort.fronts(points.flatMap { $0 }, width: width, wanted: 15)
            #expect(some == Array(expected.prefix(some.count)))
            #expect(some.joined().count >= 15 && some.dropLast().joined().count < 15)
        }
    }

    /// Values computed by hand from the definition; without the division by the number of objectives they are double.
    @Test func crowdingOfAKnownFront() {
        let distances = Crowding.distances([[0, 10], [1, 6], [2, 5], [4, 2], [7, 0]])
        #expect(distances.first == .infinity && distances.last == .infinity)
        for (found, expected) in zip(distances[1...3], [0.3928571429, 0.4142857143, 0.6071428571]) {
            #expect(abs(found - expected) < 1e-9)
        }
    }

    @Test func smallAndFlatFronts() {
        #expect(Crowding.distances([[1, 1]]) == [.infinity])
        #expect(Crowding.distances([[1, 2], [2, 1]]) == [.infinity, .infinity])
        #expect(
            Crowding.distances([[1, 1], [1, 1], [1, 1]]) == [0, 0, 0], "no range, no room, not even at the ends")
        #expect(Crowding.distances([[0, 1], [1, 1], [4, 1]]) == [.infinity, 0.5, .infinity])
    }
}
