internal import Torch

/// How one projection stands in the files of a quantised model: which tensors, and what they mean.
///
/// | scheme | tensors beside the projection's name |
/// |---|---|
/// | `int8` | the name itself: `[out, in]` Int8; `_scale`: `[out]` Float32 |
/// | `int4` | `_packed`: `[out, in / 2]` Uint8; `_scale` and `_offset`: `[out, in / group]` BFloat16 |
struct QuantizedForm {
    let scheme: QuantizationScheme
    let entry: WeightEntry
    /// Inputs that share a scale in `int4`; all of them in `int8`.
    let group: Int

    /// The form of a weight; nil where it stays bfloat16: it is no projection, or no group divides its inputs.
    init?(_ entry: WeightEntry, _ scheme: QuantizationScheme) {
        guard entry.isProjection else { return nil }
        switch scheme {
        case .int8: group = entry.shape[1]
        case .int4:
            guard let group = QuantizationScheme.groupSize(inputs: entry.shape[1]) else { return nil }
            self.group = group
        }
        self.scheme = scheme
        self.entry = entry
    }

    /// One tensor of the form.
    struct Part {
        let name: String
        let shape: [Int]
        let dtype: DType
    }

    /// The tensors, weights first.
    var parts: [Part] {
        let outputs = entry.shape[0], inputs = entry.shape[1]
        return switch scheme {
        case .int8:
            [
                Part(name: entry.name, shape: [outputs, inputs], dtype: .int8),
                Part(name: entry.name + "_scale", shape: [outputs], dtype: .float32),
            ]
        case .int4:
            [
                Part(name: entry.name + "_packed", shape: [outputs, inputs / 2], dtype: .uint8),
                Part(name: entry.name + "_scale", shape: [outputs, inputs / group], dtype: .bfloat16),
                Part(name: entry.name + "_offset", shape: [outputs, inputs / group], dtype: .bfloat16),
            ]
        }
    }

    /// The tensors of a weight, in the order of `parts`: each number to the nearest that the form has, scales from the
    /// largest magnitude (`int8`) or from the smallest and largest value of a group (`int4`).
    /// - Parameter weight: `[out, in]`, any floating type.
    func tensors(of weight: Tensor) throws(TorchError) -> [Tensor] {
        let weight = try weight.detached().to(.float32)
        let outputs = entry.shape[0], inputs = entry.shape[1]
        switch scheme {
        case .int8:
            let scale = try weight.abs().maximum(over: 1, keepingAxes: true) / 127
            let q = try (weight / Self.divisor(scale)).rounded().clamped(min: -127, max: 127)
            return [try q.to(.int8), try scale.reshaped([outputs])]
        case .int4:
            let groups = try weight.reshaped([outputs, inputs / group, group])
            let low = try groups.minimum(over: 2, keepingAxes: true)
            // What is stored is rounded first, so that the numbers are nearest under the scale that is read back.
            let scale = try ((groups.maximum(over: 2, keepingAxes: true) - low) / 15).to(.bfloat16)
            let wide = try scale.to(.float32)
            let offset = try (low + wide * 8).to(.bfloat16)
            let q = try ((groups - offset.to(.float32)) / Self.divisor(wide) + 8).rounded().clamped(min: 0, max: 15)
            let halves = try (
                q.narrowed(2, from: 0, count: group / 2), q.narrowed(2, from: group / 2, count: group / 2)
            )
            let bytes = try (halves.0 + halves.1 * 16).to(.uint8)
            let shape = [outputs, inputs / group]
            return [
                try bytes.reshaped([outputs, inputs / 2]).contiguous(), try scale.reshaped(shape),
                try offset.reshaped(shape),
            ]
        }
    }

    /// The scale, 1 where it is 0: all weights are equal there, and their quotient is 0.
    private static func divisor(_ scale: Tensor) throws(TorchError) -> Tensor {
        try scale + scale.equal(to: 0).to(.float32)
    }
}
