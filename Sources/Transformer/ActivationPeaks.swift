public import Torch

/// The largest magnitude of every channel that a projection reads, over all positions a model was shown. Filled by passing
/// ``observe(_:_:)`` to ``ForwardContext``.
public struct ActivationPeaks {
    /// Float32 on the model's device: `[hidden]` of what attention and feed-forward network read, `[intermediate]` of
    /// neurons, `[query heads * head size]` of what the heads give.
    private var peaks: [ActivationSite: Tensor] = [:]

    /// No position seen.
    public init() {}

    /// Takes in what a model made at a site. Sites that no projection reads are passed over.
    /// - Parameter tensor: In the shape that ``ActivationSite`` states.
    /// - Throws: `TorchError.invalidArgument` for another shape than before.
    public mutating func observe(_ site: ActivationSite, _ tensor: Tensor) throws(TorchError) {
        let channels: Tensor
        switch site {
        case .attentionInput, .feedForwardInput, .neurons:
            channels = try tensor.reshaped([-1, tensor.shape[tensor.shape.count - 1]])
        case .context:
            channels = try tensor.transposed(1, 2).reshaped([-1, tensor.shape[1] * tensor.shape[3]])
        case .embedding, .stream, .final: return
        }
        let peak = try channels.detached().abs().maximum(over: 0).to(.float32)
        peaks[site] = if let known = peaks[site] { try known.larger(peak) } else { peak }
    }

    /// The peaks at a site; nil where nothing was seen.
    public subscript(site: ActivationSite) -> Tensor? { peaks[site] }
}
