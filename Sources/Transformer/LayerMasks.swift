public import Torch

/// Masks under which a model runs, one factor per prunable unit; nil stands for all ones. Float32, on the model's
/// device.
///
/// Where they act: Sheared-LLaMA's code (arXiv 2310.06694; `composer_llama.py`). Per block with `h` = RMSNorm over
/// channels of non-zero hidden mask, times that mask: attention of `h`, context of each query head times its mask,
/// output projection, times layer mask, times hidden mask, added to the stream; `h` again, `down(silu(gate h) * (up h
/// * intermediate mask))`, times layer mask, times hidden mask, added. The embedding is not masked.
public struct LayerMasks {
    /// `[hidden]`, shared by all blocks.
    public var hidden_H: Tensor?
    /// `[layers, query heads]`; blocks with fewer heads read a prefix of their row.
    public var heads_LQ: Tensor?
    /// `[layers, intermediate]`; narrower blocks read a prefix of their row.
    public var intermediate_LM: Tensor?
    /// `[layers]`, one factor for both halves of a block.
    public var layers_L: Tensor?

    /// Masks of the given families.
    public init(
        hidden_H: Tensor? = nil, heads_LQ: Tensor? = nil, intermediate_LM: Tensor? = nil, layers_L: Tensor? = nil
    ) {
        self.hidden_H = hidden_H
        self.heads_LQ = heads_LQ
        self.intermediate_LM = intermediate_LM
        self.layers_L = layers_L
    }

    /// Whether no family is masked.
    public var isEmpty: Bool { hidden_H == nil && heads_LQ == nil && intermediate_LM == nil && layers_L == nil }

    /// Each tensor that is present, replaced by what `body` makes of it.
    func mapped(_ body: (Tensor) throws(TorchError) -> Tensor) throws(TorchError) -> LayerMasks {
        func apply(_ tensor: Tensor?) throws(TorchError) -> Tensor? {
            guard let tensor else { return nil }
            return try body(tensor)
        }
        return LayerMasks(
            hidden_H: try apply(hidden_H), heads_LQ: try apply(heads_LQ),
            intermediate_LM: try apply(intermediate_LM), layers_L: try apply(layers_L))
    }

    /// The tensors that are present, in the order hidden, heads, intermediate, layers.
    var tensors: [Tensor] { [hidden_H, heads_LQ, intermediate_LM, layers_L].compactMap { $0 } }
}

/// What the masks are to one block, shaped to multiply its tensors.
struct BlockMasks {
    /// `[hidden]`.
    var hidden: Tensor?
    /// `[1, query heads, 1, 1]`.
    var heads: Tensor?
    /// `[intermediate]`.
    var intermediate: Tensor?
    /// `[1]`.
    var layer: Tensor?

    init(_ masks: LayerMasks, layer index: Int, shape: BlockShape) throws(TorchError) {
        hidden = masks.hidden_H
        if shape.hasAttention, let heads = masks.heads_LQ {
            self.heads = try heads.selected(0, index).sliced(0, from: 0, to: shape.queryHeads)
                .reshaped([1, shape.queryHeads, 1, 1])
        }
        if shape.hasFeedForward, let intermediate = masks.intermediate_LM {
            self.intermediate = try intermediate.selected(0, index).sliced(0, from: 0, to: shape.intermediateSize)
        }
        layer = try masks.layers_L?.sliced(0, from: index, to: index + 1)
    }

    /// What a half of the block adds to the stream: its result times the layer mask, times the hidden mask.
    func applied(to result: Tensor) throws(TorchError) -> Tensor {
        var factor = layer
        if let hidden { factor = try factor.map { (value) throws(TorchError) in try value * hidden } ?? hidden }
        guard let factor else { return result }
        return try result * factor.to(result.dtype)
    }
}
