internal import Torch

/// Shifts whole rows of log-alphas until their expected sparsity is what the schedule asks for.
enum RowProjection {
    /// Bisection steps: the bracket of some hundred shrinks below float32's resolution.
    static let halvings = 40

    /// The shift per row, `[rows, 1]`, float32, after which the mean of 1 - q over the log-alphas is `sparsity`.
    ///
    /// A shift moves every log-alpha of the row alike and so keeps their order. No copy to the host is made.
    static func shift(_ logAlpha: Tensor, to sparsity: Double) throws(TorchError) -> Tensor {
        let asked = min(max(sparsity, HardConcrete.noiseMargin), 1 - HardConcrete.noiseMargin)
        return try withoutGradients { () throws(TorchError) -> Tensor in
            var dense = try HardConcrete.certainBound - logAlpha.minimum(over: [1], keepingAxes: true)
            var sparse = try -HardConcrete.certainBound - logAlpha.maximum(over: [1], keepingAxes: true)
            for _ in 0..<halvings {
                let middle = try (dense + sparse) * 0.5
                let expected = try HardConcrete.expectedSparsity(logAlpha + middle).unsqueezed(1)
                let tooSparse = try expected.greater(than: asked)
                let narrowedSparse = try Tensor.selecting(tooSparse, middle, sparse)
                dense = try Tensor.selecting(tooSparse, dense, middle)
                sparse = narrowedSparse
            }
            return try (dense + sparse) * 0.5
        }
    }
}
