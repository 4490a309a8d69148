import Corpus
import Testing

@testable import Search

@Suite struct CholeskyTests {
    @Test func solutionsSolveTheirSystems() throws {
        for size in [1, 2, 3, 5, 8, 17, 40] {
            var stream = RandomStream(seed: UInt64(size), name: "cholesky")
            let root = (0..<(size * size)).map { _ in stream.uniform() - 0.5 }
            var matrix = [Double](repeating: 0, count: size * size)
            for row in 0..<size {
                for column in 0..<size {
                    matrix[row * size + column] = (0..<size).reduce(row == column ? 0.1 : 0) {
                        $0 + root[row * size + $1] * root[column * size + $1]
                    }
                }
            }
            let expected = (0..<size).map { _ in stream.uniform() }
            let right = (0..<size).map { row in
                (0..<size).reduce(0) { $0 + matrix[row * size + $1] * expected[$1] }
            }
            let found = try #require(Cholesky.solve(matrix, right))
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-9 })
        }
    }

    @Test func anIndefiniteMatrixHasNoSolution() {
        #expect(Cholesky.solve([1, 2, 2, 1], [1, 1]) == nil)
        #expect(Cholesky.solve([0], [1]) == nil)
    }
}
