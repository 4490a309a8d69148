internal import Torch

/// The Lagrange multipliers of all pruned families, trained by gradient ascent from 0 (Sheared-LLaMA, arXiv
/// 2310.06694, section 2.1).
struct Multipliers {
    /// λ1 per family, `[families]` float32.
    let linear: Parameter
    /// λ2 per family, `[families]` float32, never negative.
    let quadratic: Parameter
    /// Largest |λ|.
    let bound: Double

    init(families: Int, bound: Double, on device: Device) throws(TorchError) {
        linear = try Parameter(name: "multiplier.linear", Tensor.zeros([families], on: device))
        quadratic = try Parameter(name: "multiplier.quadratic", Tensor.zeros([families], on: device))
        self.bound = bound
    }

    /// Puts the multipliers back within their bounds, without recording gradients.
    func clampToBounds() throws(TorchError) {
        try withoutGradients { () throws(TorchError) in
            try linear.master.clamp(min: -bound, max: bound)
            try quadratic.master.clamp(min: 0, max: bound)
            try linear.refresh()
            try quadratic.refresh()
        }
    }
}
