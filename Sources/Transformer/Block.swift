internal import Torch

/// One decoder block: attention and feed-forward network, each behind a norm and added to the stream. A half may be
/// absent.
public final class Block {
    /// The widths.
    public let shape: BlockShape
    /// Norm before attention; nil when attention is absent.
    public let attentionNorm: Normalization?
    /// The attention half; nil when absent.
    public let attention: Attention?
    /// Norm before the feed-forward network; nil when that is absent.
    public let feedForwardNorm: Normalization?
    /// The feed-forward half; nil when absent.
    public let feedForward: FeedForward?
    /// Position in the model, from 0.
    let index: Int

    init(_ index: Int, of architecture: Architecture, parameters: ParameterSet) {
        self.index = index
        shape = architecture.blocks[index]
        func linear(_ weight: WeightRole, _ bias: WeightRole) -> Linear {
            Linear(parameters.storage(weight, index), bias: parameters.optional(bias, index))
        }
        func norm(_ role: WeightRole) -> Normalization {
            Normalization(weight: parameters[role, index], epsilon: architecture.normEpsilon)
        }
        if shape.hasAttention {
            attentionNorm = norm(.attentionNorm)
            attention = Attention(
                query: linear(.query, .queryBias), key: linear(.key, .keyBias), value: linear(.value, .valueBias),
                output: linear(.output, .outputBias), shape: shape, headSize: architecture.headSize)
        } else {
            attentionNorm = nil
            attention = nil
        }
        if shape.hasFeedForward {
            feedForwardNorm = norm(.feedForwardNorm)
            feedForward = FeedForward(
                gate: linear(.gate, .gateBias), up: linear(.up, .upBias), down: linear(.down, .downBias))
        } else {
            feedForwardNorm = nil
            feedForward = nil
        }
    }

    /// The projections of both halves.
    var projections: [Linear] {
        (attention.map { [$0.query, $0.key, $0.value, $0.output] } ?? [])
            + (feedForward.map { [$0.gate, $0.up, $0.down] } ?? [])
    }

    /// The stream after this block, `[batch, time, hidden]`.
    func callAsFunction(
        _ stream_BTH: Tensor, masks: LayerMasks?, _ geometry: PassGeometry
    ) throws(TorchError) -> Tensor {
        var stream_BTH = stream_BTH
        let used = geometry.view?.intermediateSizes[index]
        var shape = shape
        shape.intermediateSize = used ?? shape.intermediateSize
        let masks = try masks.map { (masks) throws(TorchError) in try BlockMasks(masks, layer: index, shape: shape) }
        if let attentionNorm, let attention {
            let normed = try attentionNorm(stream_BTH, hiddenMask: masks?.hidden)
            try geometry.observe?(.attentionInput(block: index), normed)
            let result = try attention(normed, headMask: masks?.heads, geometry, block: index)
            stream_BTH = try stream_BTH + (try masks?.applied(to: result) ?? result)
        }
        if shape.hasFeedForward, let feedForwardNorm, let feedForward {
            let normed = try feedForwardNorm(stream_BTH, hiddenMask: masks?.hidden)
            try geometry.observe?(.feedForwardInput(block: index), normed)
            let result = try feedForward(
                normed, neurons: used, intermediateMask: masks?.intermediate, geometry, block: index)
            stream_BTH = try stream_BTH + (try masks?.applied(to: result) ?? result)
        }
        return stream_BTH
    }
}

/// The weights of a model by role and block.
struct ParameterSet {
    private var held: [WeightKey: Parameter] = [:]
    private var quantized: [WeightKey: QuantizedMatrix] = [:]

    private struct WeightKey: Hashable {
        let role: WeightRole
        let block: Int?
    }

    mutating func add(_ parameter: Parameter, _ entry: WeightEntry) {
        held[WeightKey(role: entry.role, block: entry.block)] = parameter
    }

    mutating func add(_ matrix: QuantizedMatrix, _ entry: WeightEntry) {
        quantized[WeightKey(role: entry.role, block: entry.block)] = matrix
    }

    /// How a projection's matrix is held.
    func storage(_ role: WeightRole, _ block: Int) -> Linear.Storage {
        if let matrix = quantized[WeightKey(role: role, block: block)] { return .quantized(matrix) }
        return .dense(self[role, block], isTransposed: role == .down)
    }

    func optional(_ role: WeightRole, _ block: Int? = nil) -> Parameter? { held[WeightKey(role: role, block: block)] }

    /// A parameter that the weight table lists; asking for another is a bug of ours.
    subscript(_ role: WeightRole, _ block: Int? = nil) -> Parameter {
        guard let parameter = optional(role, block) else {
            preconditionFailure("the weight table has no \(role) in block \(String(describing: block))")
        }
        return parameter
    }
}
