public import Transformer

/// What masks without a fixed shape can remove from a model, and the size of what is left (CoFi, arXiv 2204.00408).
///
/// Beside hidden channels, heads and neurons there are coarse variables for the attention and the feed-forward half of
/// each layer. A head variable is one head, or with grouped queries one whole group, since the kept groups of a layer
/// must be equally large; where all query heads share one key-value head it is one query head.
public struct CoFiLayout: Codable, Sendable, Hashable {
    /// What a variable removes.
    public enum Family: String, Codable, Sendable, CaseIterable {
        /// Channels of the residual stream, shared by all layers: `[1, hidden]`.
        case hidden
        /// Heads or head groups of each layer: `[layers, columns]`.
        case heads
        /// Neurons of each layer: `[layers, intermediate]`.
        case intermediate
        /// The attention half of each layer: `[1, layers]`.
        case attention
        /// The feed-forward half of each layer: `[1, layers]`.
        case feedForward = "feed_forward"
    }

    /// Layers of the source.
    public let layers: Int
    /// Hidden channels of the source.
    public let hiddenSize: Int
    /// Head variables of a layer.
    public let headColumns: Int
    /// Query heads that one head variable stands for.
    public let headRepeats: Int
    /// Neurons of a layer.
    public let neurons: Int
    /// Parameters per hidden channel outside the layers: embedding, untied head, final norm.
    let fixedCost: Int
    /// Parameters per hidden channel that a living attention half has whatever its heads: norm, a shared key-value head.
    let attentionCost: Int
    /// Parameters per hidden channel of one head variable.
    let headCost: Int
    /// The same of the norm of a living feed-forward half, and of one neuron.
    static let (feedForwardCost, neuronCost) = (1, 3)

    /// - Throws: `ShearingError.impossibleTarget` when the layers of `source` differ, or when it has biases: a half whose
    ///   heads or neurons are all masked still adds its bias.
    public init(_ source: Architecture) throws(ShearingError) {
        guard let block = source.uniform?.block else {
            throw .impossibleTarget(["the source's layers differ in shape; masks need a source whose layers are alike"])
        }
        guard !source.attentionBias, !source.mlpBias else {
            throw .impossibleTarget([
                "the source has biases, which a half without heads or neurons would still add; prune it to a shape instead"
            ])
        }
        layers = source.blocks.count
        hiddenSize = source.hiddenSize
        neurons = block.intermediateSize
        let isShared = block.keyValueHeads == 1 && block.queryHeads > 1
        headColumns = isShared ? block.queryHeads : block.keyValueHeads
        headRepeats = isShared ? 1 : block.groupSize
        fixedCost = source.vocabularySize * (source.tiedEmbeddings ? 1 : 2) + 1
        attentionCost = 1 + (isShared ? 2 * source.headSize : 0)
        headCost = source.headSize * (2 * headRepeats + (isShared ? 0 : 2))
    }

    /// Rows and columns of a family's variables.
    public func shape(of family: Family) -> (rows: Int, columns: Int) {
        switch family {
        case .hidden: (1, hiddenSize)
        case .heads: (layers, headColumns)
        case .intermediate: (layers, neurons)
        case .attention, .feedForward: (1, layers)
        }
    }

    /// What is left of a model, as numbers of living variables; expected numbers need not be whole.
    struct Remainder {
        var hidden: Double
        /// Per layer: whether the half lives (or how likely), and its living variables if it does.
        var attention: [Double]
        var heads: [Double]
        var feedForward: [Double]
        var neurons: [Double]
    }

    /// The exact parameters of a remainder. A half that lives without heads or neurons counts as one that does not.
    func parameters(of left: Remainder) -> Double {
        var perChannel = Double(fixedCost)
        for layer in 0..<layers {
            if left.heads[layer] > 0 {
                perChannel += left.attention[layer] * (Double(attentionCost) + Double(headCost) * left.heads[layer])
            }
            if left.neurons[layer] > 0 {
                perChannel +=
                    left.feedForward[layer]
                    * (Double(Self.feedForwardCost) + Double(Self.neuronCost) * left.neurons[layer])
            }
        }
        return left.hidden * perChannel
    }

    /// The whole source.
    var whole: Remainder {
        func all(_ value: Int) -> [Double] { [Double](repeating: Double(value), count: layers) }
        return Remainder(
            hidden: Double(hiddenSize), attention: all(1), heads: all(headColumns), feedForward: all(1),
            neurons: all(neurons))
    }

    /// The source's parameters.
    public var sourceParameters: Int { Int(parameters(of: whole)) }

    /// A uniform shape of about `parameters` weights to plan with while the real one is not learned: width, heads and
    /// neurons shrunk alike, all layers kept.
    /// - Throws: `ShearingError.impossibleTarget` when the layers of `source` differ, or when it has biases.
    public static func standIn(for parameters: Int, from source: Architecture) throws(ShearingError)
        -> TargetArchitecture
    {
        let layout = try CoFiLayout(source)
        let block = source.blocks[0]
        func shape(_ share: Double) -> TargetArchitecture {
            func part(_ size: Int) -> Int { max(1, Int((Double(size) * share).rounded())) }
            let columns = part(layout.headColumns)
            let sharesKeys = layout.headRepeats == 1 && block.keyValueHeads == 1 && block.queryHeads > 1
            return TargetArchitecture(
                layers: layout.layers, hiddenSize: part(source.hiddenSize), heads: columns * layout.headRepeats,
                keyValueHeads: sharesKeys ? 1 : columns, intermediateSize: part(block.intermediateSize))
        }
        var (low, high) = (0.0, 1.0)
        for _ in 0..<30 {
            let middle = (low + high) / 2
            if shape(middle).architecture(from: source).parameterCount > parameters {
                high = middle
            } else {
                low = middle
            }
        }
        return shape(low)
    }
}
