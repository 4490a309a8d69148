import Corpus
import Testing

@testable import Search

@Suite struct HypervolumeTests {
    @Test func handComputedVolumes() {
        #expect(Hypervolume.exact([[0, 10], [1, 6], [2, 5], [4, 2], [7, 0]], reference: [8, 11]) == 56)
        #expect(Hypervolume.exact([[1, 2, 3], [2, 1, 3], [3, 3, 1], [2, 2, 2]], reference: [4, 4, 4]) == 13)
        #expect(Hypervolume.exact([], reference: [1, 1]) == 0)
        #expect(Hypervolume.exact([[1, 0], [0, 1], [2, 0]], reference: [1, 1]) == 0, "on or beyond the reference")
    }

    /// On an integer grid the volume is the number of unit cells with a point at or below their lower corner.
    @Test(arguments: [2, 3])
    func theVolumeIsTheNumberOfDominatedCells(width: Int) {
        for seed in 0..<100 {
            var stream = RandomStream(seed: UInt64(seed), name: "hypervolume/\(width)")
            let points = (0..<stream.integer(below: 12)).map { _ in
                (0..<width).map { _ in Double(stream.integer(below: 7)) }
            }
            let reference = [Double](repeating: 6, count: width)
            var cells = [[Double]()]
            for _ in 0..<width { cells = cells.flatMap { cell in (0..<6).map { cell + [Double($0)] } } }
            let covered = cells.count { cell in points.contains { zip($0, cell).allSatisfy { $0 <= $1 } } }
            #expect(Hypervolume.exact(points, reference: reference) == Double(covered))
            #expect(Hypervolume.exact(points.reversed(), reference: reference) == Double(covered))
        }
    }
}
