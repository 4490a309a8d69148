/// Linear systems whose matrix is symmetric and positive definite.
enum Cholesky {
    /// `x` of `matrix · x = right`; nil when the matrix is not positive definite. `n³/6` multiplications.
    /// - Parameter matrix: `n × n`, row after row; only its lower triangle is read.
    static func solve(_ matrix: [Double], _ right: [Double]) -> [Double]? {
        let size = right.count
        precondition(matrix.count == size * size, "a system of \(size) unknowns has a matrix of \(size * size) numbers")
        var lower = matrix
        var x = right
        for row in 0..<size {
            for column in 0...row {
                let rest = lower[row * size + column] - dot(lower, row * size, column * size, count: column)
                if row > column {
                    lower[row * size + column] = rest / lower[column * size + column]
                } else if rest > 0 {
                    lower[row * size + row] = rest.squareRoot()
                } else {
                    return nil
                }
            }
        }
        for row in 0..<size {
            var rest = x[row]
            for column in 0..<row { rest -= lower[row * size + column] * x[column] }
            x[row] = rest / lower[row * size + row]
        }
        for row in (0..<size).reversed() {
            x[row] /= lower[row * size + row]
            for column in 0..<row { x[column] -= lower[row * size + column] * x[row] }
        }
        return x
    }

    /// The product of two stretches of `numbers`, in four sums so that additions do not wait for each other.
    private static func dot(_ numbers: [Double], _ one: Int, _ other: Int, count: Int) -> Double {
        numbers.withUnsafeBufferPointer { numbers in
            func four(_ start: Int) -> SIMD4<Double> {
                SIMD4(numbers[start], numbers[start + 1], numbers[start + 2], numbers[start + 3])
            }
            var sums = SIMD4<Double>.zero
            var index = 0
            while index + 4 <= count {
                sums += four(one + index) * four(other + index)
                index += 4
            }
            var sum = sums.sum()
            while index < count {
                sum += numbers[one + index] * numbers[other + index]
                index += 1
            }
            return sum
        }
    }
}
