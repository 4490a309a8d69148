internal import Torch

/// The noise of one optimizer step: a pure function of (seed, step, family).
struct MaskNoise {
    let step: Int
    /// ln u - ln(1 - u) per family, float32 in the shape of the family's variables.
    let logits: [Tensor]
}
