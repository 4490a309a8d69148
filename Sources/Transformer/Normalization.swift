public import Torch

/// RMSNorm: each position divided by the root of its mean square, times a weight per channel.
public final class Normalization {
    /// `[hidden]`.
    public let weight: Parameter
    /// Added to the mean square.
    public let epsilon: Double

    init(weight: Parameter, epsilon: Double) {
        self.weight = weight
        self.epsilon = epsilon
    }

    /// The normed input, `[.., hidden]`. Under a hidden mask the mean is taken over the channels whose mask is not 0,
    /// and the result is multiplied by the mask.
    func callAsFunction(_ input: Tensor, hiddenMask: Tensor?) throws(TorchError) -> Tensor {
        try input.rmsNorm(weight: weight.value, epsilon: epsilon, mask: hiddenMask)
    }
}
