public import Torch

/// What one micro-batch gives to the optimizer.
///
/// The trainer minimises, over the micro-batches of a step,
/// `sum(rowSums) / counted tokens of the step + regulariser`.
public struct ObjectiveLoss {
    /// Float32 `[rows]`: the summed nats of the counted targets of each row, differentiable.
    public var rowSums_B: Tensor
    /// A scalar in nats per token that does not depend on the rows, differentiable. Each micro-batch adds it weighted
    /// by its share of the step's counted tokens, so that a step adds it once.
    public var regulariser: Tensor?
    /// More scalars to report, read back together with the losses at the end of the step; those of a step's
    /// micro-batches are averaged by their shares.
    public var scalars: [(name: String, value: Tensor)]

    public init(rowSums_B: Tensor, regulariser: Tensor? = nil, scalars: [(name: String, value: Tensor)] = []) {
        self.rowSums_B = rowSums_B
        self.regulariser = regulariser
        self.scalars = scalars
    }
}
