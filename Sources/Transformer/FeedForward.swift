internal import Torch

/// The feed-forward half of a block: SwiGLU.
public final class FeedForward {
    /// `[intermediate, hidden]`.
    public let gate: Linear
    /// `[intermediate, hidden]`.
    public let up: Linear
    /// Stored `[intermediate, hidden]`: the transpose of the Hugging Face layout.
    public let down: Linear

    init(gate: Linear, up: Linear, down: Linear) {
        self.gate = gate
        self.up = up
        self.down = down
    }

    /// `down(silu(gate x) * up x * mask)`, before layer and hidden mask: `[.., hidden]` to the same.
    /// - Parameter neurons: How many of the first neurons are used; nil: all.
    func callAsFunction(
        _ input: Tensor, neurons used: Int?, intermediateMask: Tensor?, _ geometry: PassGeometry, block: Int
    ) throws(TorchError) -> Tensor {
        let neurons = try Tensor.swiglu(
            try gate(input, prefix: used), try up(input, prefix: used), mask: intermediateMask)
        try geometry.observe?(.neurons(block: block), neurons)
        return try down(neurons, prefix: used)
    }
}
