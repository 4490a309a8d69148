public import Torch

/// A weight as a model takes it: dense, or a projection that is quantised.
enum HeldWeight {
    /// A float32 master, or the value itself of a frozen model, in the stored layout.
    case dense(Tensor)
    case quantized(QuantizedMatrix)
}

extension LanguageModel {
    /// The scheme that projections are quantised by; nil for a dense model.
    public var quantization: QuantizationScheme? {
        for block in blocks {
            for projection in block.projections {
                if case .quantized(let matrix) = projection.storage { return matrix.scheme }
            }
        }
        return nil
    }

    /// A model for inference with this model's weights, its projections quantised, everything else rounded to bfloat16:
    /// what a quantised folder gives when it is read.
    /// - Throws: `TorchError.unsupported` for a model that is quantised already.
    public func quantized(_ scheme: QuantizationScheme) throws(TorchError) -> LanguageModel {
        guard quantization == nil else {
            throw TorchError(
                code: .unsupported, operation: "LanguageModel.quantized", message: "the model is quantised already")
        }
        return try withoutGradients { () throws(TorchError) in
            var held: [HeldWeight] = []
            for (entry, weight) in zip(WeightTable(architecture).entries, try weights()) {
                if let form = QuantizedForm(entry, scheme) {
                    held.append(.quantized(try QuantizedMatrix(form, try form.tensors(of: weight.tensor), on: device)))
                } else {
                    let stored = entry.isStoredTransposed ? try weight.tensor.transposed(0, 1) : weight.tensor
                    held.append(.dense(try stored.to(.bfloat16).to(computeDType).copied()))
                }
            }
            return try LanguageModel(architecture, held: held, computeDType: computeDType, on: device, isFrozen: true)
        }
    }

    /// The tensors of a quantised folder, by name.
    func quantizedTensors(_ scheme: QuantizationScheme) throws(TorchError) -> [(String, Tensor)] {
        var tensors: [(String, Tensor)] = []
        for (entry, weight) in zip(WeightTable(architecture).entries, try weights()) {
            if let form = QuantizedForm(entry, scheme) {
                for (part, tensor) in zip(form.parts, try form.tensors(of: weight.tensor)) {
                    tensors.append((part.name, tensor))
                }
            } else {
                tensors.append((entry.name, try weight.tensor.to(.bfloat16)))
            }
        }
        return tensors
    }
}
