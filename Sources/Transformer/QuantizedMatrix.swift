internal import Torch

/// The weights of a projection in a quantised form, ready to multiply.
public final class QuantizedMatrix {
    public let scheme: QuantizationScheme
    /// Rows and columns of the matrix it stands for, `[out, in]`.
    public let shape: [Int]
    /// Rows of the matrix as a dense one is held: outputs, or the neurons that a down projection reads.
    let storedRows: Int
    /// Inputs that share a scale.
    public let group: Int
    /// In the form that this processor multiplies fastest.
    private let weight: Tensor
    private let scales: Tensor
    private let offsets: Tensor?

    /// - Parameter tensors: in the order of the form's parts; copied.
    init(_ form: QuantizedForm, _ tensors: [Tensor], on device: Device) throws(TorchError) {
        scheme = form.scheme
        shape = form.entry.shape
        storedRows = form.entry.storedShape[0]
        group = form.group
        let bytes = try tensors[0].copied().to(device)
        weight = form.scheme == .int8 ? try bytes.int8Packed() : bytes
        scales = try tensors[1].to(.float32).copied().to(device)
        offsets = tensors.count > 2 ? try tensors[2].to(.float32).copied().to(device) : nil
    }

    /// `[.., in]` to `[.., out]`, in the input's type. No gradients.
    func apply(_ input: Tensor, _ bias: Tensor?) throws(TorchError) -> Tensor {
        if let offsets {
            return try input.int4Linear(weight, group: group, scales: scales, offsets: offsets, bias)
        }
        return try input.int8Linear(weight, outputs: shape[0], scales: scales, bias)
    }

    /// What a fused decoder takes of it; nil for half bytes.
    func fused(_ bias: Tensor?) -> FusedDecoder.Matrix? {
        offsets == nil ? FusedDecoder.Matrix(weight, outputs: shape[0], scales: scales, bias: bias) : nil
    }
}

@available(*, unavailable)
extension QuantizedMatrix: Sendable {}
