public import Torch

/// What an architecture costs, from its shape alone: no weights are needed.
///
/// One multiply-add is two FLOPs. Work per token follows the usual convention `6 N + 12 L d T` of training (2 N + 4 L
/// d T of a forward pass), where N counts the weights that multiply each token (an untied embedding is a look-up and
/// does not), `L d` is the sum over blocks of query heads times head size, and T is the sequence length; causality is
/// not discounted.
public struct CostModel: Sendable {
    /// The architecture that is costed.
    public let architecture: Architecture

    /// The costs of an architecture.
    public init(_ architecture: Architecture) { self.architecture = architecture }

    /// Exact number of weights.
    public var parameterCount: Int { architecture.parameterCount }

    /// Number of weights that multiply each token.
    public var multiplyingParameterCount: Int {
        parameterCount - (architecture.tiedEmbeddings ? 0 : architecture.vocabularySize * architecture.hiddenSize)
    }

    private var attentionWidth: Int { architecture.blocks.reduce(0) { $0 + $1.queryHeads * architecture.headSize } }

    /// FLOPs of one forward pass, per token, at a sequence length in tokens.
    public func forwardFLOPsPerToken(sequenceLength: Int) -> Double {
        2 * Double(multiplyingParameterCount) + 4 * Double(attentionWidth) * Double(sequenceLength)
    }

    /// FLOPs of one forward and backward pass, per token, at a sequence length in tokens. Recomputation by
    /// checkpointing adds a third.
    public func trainingFLOPsPerToken(sequenceLength: Int) -> Double {
        3 * forwardFLOPsPerToken(sequenceLength: sequenceLength)
    }

    /// Bytes of the weights in a file of this type.
    public func storedBytes(_ dtype: DType) -> Int { parameterCount * dtype.bytes }

    /// Bytes that one token leaves in the key-value cache.
    public func keyValueBytesPerToken(_ dtype: DType) -> Int {
        architecture.blocks.reduce(0) { $0 + 2 * $1.keyValueHeads * architecture.headSize } * dtype.bytes
    }

    /// Number of mask variables when all four families are pruned: layers, hidden channels, heads and neurons of each
    /// block.
    public var maskVariableCount: Int {
        architecture.blocks.count + architecture.hiddenSize
            + architecture.blocks.reduce(0) { $0 + $1.queryHeads + $1.intermediateSize }
    }

    /// Peak bytes of training: float32 masters and AdamW moments, weights and gradients of the compute type, and what
    /// a micro-batch keeps for its backward pass. Weights and optimiser are exact, activations an estimate from the
    /// stored tensors of a block.
    /// - Parameters:
    ///   - rows: sequences of a micro-batch.
    ///   - sequenceLength: tokens of a sequence.
    ///   - checkpointing: whether blocks are recomputed in the backward pass.
    ///   - masked: whether the model runs under pruning masks, whose products and variables are kept as well; it may then
    ///     run as a ``LiveModel``, whose weights and gradients stand beside its own.
    public func trainingMemory(
        rows: Int, sequenceLength: Int, computeDType: DType, checkpointing: Bool = false, masked: Bool = false
    ) -> MemoryEstimate {
        let tokens = boundedProduct(rows, sequenceLength)
        let perBlock = architecture.blocks.map { activationElements($0, masked: masked) }
        let kept =
            checkpointing
            ? architecture.blocks.count * architecture.hiddenSize + (perBlock.max() ?? 0) : perBlock.reduce(0, +)
        // The loss keeps the final hidden states and the logits in the compute type, and makes the logits' gradient.
        let head = boundedProduct(
            tokens, 2 * architecture.hiddenSize + 2 * architecture.vocabularySize, computeDType.bytes)
        let variables = masked ? maskVariableCount : 0
        var activations = boundedProduct(tokens, kept, computeDType.bytes) + head
        if masked {
            // A live part brings weights and gradients of its own. Those gradients pass to the whole model's one by one when
            // the activations are gone; while it runs the whole model has none, unless they are float32 and earlier
            // micro-batches left them. Its activations may be nearly as many: most of a short model's lie in the head.
            let live = liveBytes(computeDType)
            let absent = computeDType == .float32 ? 0 : parameterCount * computeDType.bytes
            activations = max(activations + max(0, 2 * live - absent), live)
        }
        return MemoryEstimate(
            weightBytes: (parameterCount + variables) * 4
                + (computeDType == .float32 ? 0 : parameterCount * computeDType.bytes),
            gradientBytes: parameterCount * computeDType.bytes + variables * 4,
            optimizerBytes: (parameterCount + variables) * 8,
            activationBytes: activations, cacheBytes: 0)
    }

    /// Bytes of the weights of the largest ``LiveModel``.
    public func liveBytes(_ computeDType: DType) -> Int {
        Int(LiveModel.largestShare * Double(parameterCount * computeDType.bytes))
    }

    /// Peak bytes of inference with weights of this type and a key-value cache for `rows` sequences.
    public func inferenceMemory(rows: Int, sequenceLength: Int, weightDType: DType) -> MemoryEstimate {
        let widest = architecture.blocks.map { activationElements($0, masked: false) }.max() ?? 0
        return MemoryEstimate(
            weightBytes: parameterCount * weightDType.bytes, gradientBytes: 0, optimizerBytes: 0,
            activationBytes: boundedProduct(rows, sequenceLength, widest, weightDType.bytes)
                + boundedProduct(rows, architecture.vocabularySize, 4),
            cacheBytes: boundedProduct(rows, sequenceLength, keyValueBytesPerToken(weightDType)))
    }

    /// Elements that one token leaves behind in a block for the backward pass.
    private func activationElements(_ block: BlockShape, masked: Bool) -> Int {
        let hidden = architecture.hiddenSize
        let query = block.queryHeads * architecture.headSize
        let keyValue = block.keyValueHeads * architecture.headSize
        // Norm input and output, projections before and after rotation, context, result.
        let attention =
            block.hasAttention ? 3 * hidden + 3 * query + 3 * keyValue + (masked ? 2 * hidden + query : 0) : 0
        // Norm input and output, gate, up, their product, result.
        let feedForward =
            block.hasFeedForward
            ? 3 * hidden + 4 * block.intermediateSize + (masked ? 2 * hidden + block.intermediateSize : 0) : 0
        return attention + feedForward
    }
}

/// Bytes of memory by use.
public struct MemoryEstimate: Codable, Sendable, Hashable {
    /// Weights: float32 masters, copies in the compute type, mask variables.
    public var weightBytes: Int
    /// Gradients.
    public var gradientBytes: Int
    /// First and second moments of AdamW.
    public var optimizerBytes: Int
    /// What a forward pass holds at its peak; under masks with the weights and gradients of the live part.
    public var activationBytes: Int
    /// Keys and values of earlier tokens.
    public var cacheBytes: Int

    /// All of it.
    public var totalBytes: Int { weightBytes + gradientBytes + optimizerBytes + activationBytes + cacheBytes }
}
