internal import Torch

/// How masks are held to the scheduled sparsity.
public enum SparsityConstraint: String, Codable, Sendable, CaseIterable {
    /// λ1 (e - t) + λ2 (e - t)², both multipliers trained by gradient ascent: Sheared-LLaMA's (arXiv
    /// 2310.06694, section 2.1). Needs thousands of steps.
    case lagrangian
    /// λ2 (e - t)² with a fixed λ2: follows the schedule closely within tens of steps.
    case quadratic
    /// No penalty: after each optimizer step every row is shifted so that its expected sparsity is the schedule's,
    /// exactly. Departs from the paper; meant for short budgets. Log-alphas are not kept within ±ln 100: within, a
    /// sure mask is still 0 in 0.2% of draws and soft in 4.5%, and decided rows miss the asked sparsity.
    case projected

    /// The penalty of one family: the mean over its rows of λ1 (e - t) + λ2 (e - t)², a float32 scalar.
    /// - Parameters:
    ///   - expected_R: Expected sparsity per row, float32.
    ///   - target: The scheduled sparsity t.
    ///   - linear: λ1 as a scalar tensor, or nil for none.
    ///   - quadratic: λ2 as a scalar tensor.
    /// - Throws: `TorchError` when the shapes do not broadcast.
    static func penalty(
        expected_R: Tensor, target: Double, linear: Tensor?, quadratic: Tensor
    ) throws(TorchError) -> Tensor {
        let gap = try expected_R - target
        var penalty = try gap.squared() * quadratic
        if let linear { penalty = try penalty + gap * linear }
        return try penalty.mean()
    }
}
