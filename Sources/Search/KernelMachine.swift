internal import CSVM

/// What ridge regression and support vector regression both learn: `bias + Σ weights[i] · kernel(x, genome i)`.
struct KernelMachine: Sendable {
    /// One weight per genome that it learnt from, in the order they were given.
    var weights: [Double]
    var bias: Double

    /// The value for a genome of the table.
    /// - Parameters:
    ///   - matrix: The kernel over all `count` genomes of the table, row after row.
    ///   - samples: Those that it learnt from.
    func value(of genome: Int, _ matrix: [Double], _ count: Int, _ samples: [Int]) -> Double {
        var sum = bias
        for (weight, sample) in zip(weights, samples) { sum += weight * matrix[genome * count + sample] }
        return sum
    }

    /// Ridge regression with a free intercept, in its dual form.
    /// - Parameters:
    ///   - matrix: The linear kernel over all `count` genomes, row after row.
    ///   - samples: The genomes to learn from, `labels` their values.
    ///   - penalty: Of the squared weights of the code, above 0.
    static func ridge(
        _ matrix: [Double], _ count: Int, samples: [Int], labels: [Double], penalty: Double
    ) -> KernelMachine {
        let size = samples.count
        let mean = labels.reduce(0, +) / Double(size)
        let rows = samples.map { row in samples.map { matrix[row * count + $0] } }
        let rowMeans = rows.map { $0.reduce(0, +) / Double(size) }
        let total = rowMeans.reduce(0, +) / Double(size)
        var centred: [Double] = []
        centred.reserveCapacity(size * size)
        for row in 0..<size {
            for column in 0..<size {
                centred.append(rows[row][column] - rowMeans[row] - rowMeans[column] + total)
            }
            centred[row * size + row] += penalty
        }
        guard let weights = Cholesky.solve(centred, labels.map { $0 - mean }) else {
            preconditionFailure("a kernel matrix plus \(penalty) is positive definite")
        }
        // The weights add up to 0, so only the mean prediction is left to correct.
        return KernelMachine(weights: weights, bias: mean - zip(weights, rowMeans).reduce(0) { $0 + $1.0 * $1.1 })
    }

    /// Support vector regression without a tolerance, by libsvm.
    /// - Parameter cost: The price of an error, above 0; the other parameters as for `ridge`.
    static func supportVectors(
        _ matrix: [Double], _ count: Int, samples: [Int], labels: [Double], cost: Double
    ) -> KernelMachine {
        _ = silence
        let size = samples.count
        // A row of libsvm's precomputed kernel: its own number, then its values.
        let width = size + 1
        var nodes: [svm_node] = []
        nodes.reserveCapacity(size * width)
        for (number, row) in samples.enumerated() {
            nodes.append(svm_node(index: 0, value: Double(number + 1)))
            for (place, column) in samples.enumerated() {
                nodes.append(svm_node(index: Int32(place + 1), value: matrix[row * count + column]))
            }
        }
        var labels = labels
        var parameters = svm_parameter()
        parameters.svm_type = Int32(EPSILON_SVR)
        parameters.kernel_type = Int32(PRECOMPUTED)
        parameters.cache_size = 64
        parameters.eps = 1e-3
        parameters.C = cost
        parameters.shrinking = 1
        return nodes.withUnsafeMutableBufferPointer { nodes in
            labels.withUnsafeMutableBufferPointer { labels in
                var rows = (0..<size).map { row in nodes.baseAddress.map { $0 + row * width } }
                return rows.withUnsafeMutableBufferPointer { rows in
                    var problem = svm_problem(l: Int32(size), y: labels.baseAddress, x: rows.baseAddress)
                    var model = svm_train(&problem, &parameters)
                    defer { svm_free_and_destroy_model(&model) }
                    var machine = KernelMachine(weights: [Double](repeating: 0, count: size), bias: 0)
                    guard let trained = model?.pointee, let weights = trained.sv_coef?[0],
                        let places = trained.sv_indices
                    else { preconditionFailure("libsvm gave no model") }
                    machine.bias = -trained.rho[0]
                    for vector in 0..<Int(trained.l) { machine.weights[Int(places[vector]) - 1] = weights[vector] }
                    return machine
                }
            }
        }
    }

    /// libsvm prints its progress unless told otherwise.
    private static let silence: Void = svm_set_print_string_function { _ in }
}
