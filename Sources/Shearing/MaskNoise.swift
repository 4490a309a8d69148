internal import Torch

/// The noise of one optimizer step: a pure function of (seed, step, family).
struct MaskNoise {
    let step: Int
    /// ln u - ln(1 - u) per family, float32 in the shape of the family's variables.
    let logits: [Tensor]
}

/// The noise of the present step: drawn once, shared by all its micro-batches.
struct StepNoise {
    private var current: MaskNoise?

    /// The noise of `step`, drawn where it is not at hand.
    mutating func at(
        _ step: Int, drawing draw: (Int) throws(TorchError) -> MaskNoise
    ) throws(TorchError) -> MaskNoise {
        if let current, current.step == step { return current }
        let drawn = try draw(step)
        current = drawn
        return drawn
    }

    /// Draws anew at the next step, whatever its number.
    mutating func forget() { current = nil }
}
