/// The shape and the constants of one LLaMA-family decoder, with the widths of every block apart.
///
/// RMSNorm before each half of a block and before the head, rotary positions (half-split layout), SwiGLU, no dropout.
public struct Architecture: Codable, Sendable, Hashable {
    /// Number of token ids, `0..<vocabularySize`.
    public var vocabularySize: Int
    /// Channels of the residual stream.
    public var hiddenSize: Int
    /// Channels of one attention head; even. The same in all blocks.
    public var headSize: Int
    /// The widths of each block, from the embedding to the head.
    public var blocks: [BlockShape]
    /// Added to the mean square under the root in RMSNorm.
    public var normEpsilon: Double
    /// Base of the rotary frequencies.
    public var ropeTheta: Double
    /// How rotary frequencies are stretched; nil leaves them.
    public var ropeScaling: RopeScaling?
    /// Whether the head is the embedding matrix.
    public var tiedEmbeddings: Bool
    /// Whether query, key, value and output projections add a bias.
    public var attentionBias: Bool
    /// Whether gate, up and down projections add a bias.
    public var mlpBias: Bool
    /// Positions the model was trained for. Stated in exports; longer inputs are not refused.
    public var maximumPositions: Int

    /// An architecture from its parts. Nothing is checked here: see ``problems()``.
    public init(
        vocabularySize: Int, hiddenSize: Int, headSize: Int, blocks: [BlockShape], normEpsilon: Double = 1e-5,
        ropeTheta: Double = 10_000, ropeScaling: RopeScaling? = nil, tiedEmbeddings: Bool = false,
        attentionBias: Bool = false, mlpBias: Bool = false, maximumPositions: Int = 4096
    ) {
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.headSize = headSize
        self.blocks = blocks
        self.normEpsilon = normEpsilon
        self.ropeTheta = ropeTheta
        self.ropeScaling = ropeScaling
        self.tiedEmbeddings = tiedEmbeddings
        self.attentionBias = attentionBias
        self.mlpBias = mlpBias
        self.maximumPositions = maximumPositions
    }

    /// The same architecture with other blocks or another hidden size; all constants are kept.
    public func reshaped(hiddenSize: Int? = nil, blocks: [BlockShape]? = nil) -> Architecture {
        var copy = self
        copy.hiddenSize = hiddenSize ?? self.hiddenSize
        copy.blocks = blocks ?? self.blocks
        return copy
    }

    /// Exact number of weights, biases included; a tied head is counted once.
    public var parameterCount: Int { WeightTable(self).entries.reduce(0) { $0 + $1.elementCount } }

    /// Exact number of weights outside the embedding and an untied head.
    public var nonEmbeddingParameterCount: Int {
        WeightTable(self).entries.reduce(0) { $0 + ($1.block == nil && $1.role != .finalNorm ? 0 : $1.elementCount) }
    }

    /// The one shape of all blocks, or nil when they differ or a half is absent somewhere.
    public var uniform: UniformShape? {
        guard let first = blocks.first, first.hasAttention, first.hasFeedForward,
            blocks.allSatisfy({ $0 == first })
        else { return nil }
        return UniformShape(layers: blocks.count, block: first)
    }

    /// The largest query-head count of any block: the width of a head mask.
    public var widestQueryHeads: Int { blocks.map(\.queryHeads).max() ?? 0 }
    /// The largest feed-forward width of any block: the width of an intermediate mask.
    public var widestIntermediate: Int { blocks.map(\.intermediateSize).max() ?? 0 }

    /// The most blocks, which a file may ask for by one number.
    static let mostBlocks = 4096

    /// Every rule of the family that this architecture breaks, one sentence each; empty when it can be built.
    public func problems() -> [String] {
        var found: [String] = []
        for (name, value) in [
            ("vocabulary size", vocabularySize), ("hidden size", hiddenSize), ("head size", headSize),
            ("number of positions", maximumPositions),
        ] where value < 1 || value > 1 << 30 {
            found.append("the \(name) is \(value); it must lie between 1 and 2^30")
        }
        if headSize % 2 != 0 { found.append("the head size is \(headSize); rotary positions need an even one") }
        if !(normEpsilon > 0 && normEpsilon.isFinite) {
            found.append("the norm epsilon is \(normEpsilon); it must be a positive number")
        }
        if !(ropeTheta > 0 && ropeTheta.isFinite) {
            found.append("the rotary base is \(ropeTheta); it must be a positive number")
        }
        for (layer, block) in blocks.enumerated() {
            if block.queryHeads < 0 || block.keyValueHeads < 0 || block.intermediateSize < 0 {
                found.append("block \(layer) has a negative width")
            } else if block.queryHeads > 0, block.keyValueHeads == 0 || block.queryHeads % block.keyValueHeads != 0 {
                found.append(
                    "block \(layer) has \(block.queryHeads) query heads for \(block.keyValueHeads) key-value heads; "
                        + "the first must be a multiple of the second")
            } else if block.queryHeads == 0, block.keyValueHeads != 0 {
                found.append(
                    "block \(layer) has \(block.keyValueHeads) key-value heads and no query head; set both to 0")
            }
            if max(block.queryHeads, block.intermediateSize) > 1 << 24 {
                found.append("block \(layer) is wider than 2^24")
            }
        }
        if found.isEmpty, weightBound > 0x1p44 {
            found.append("it has about \(weightBound) weights; 2^44 are the most that can be counted with")
        }
        return found
    }

    /// About how many weights these are, which may be more than an integer can say.
    private var weightBound: Double {
        blocks.reduce(2 * Double(vocabularySize) * Double(hiddenSize)) { sum, block in
            let heads = 2 * (Double(block.queryHeads) + Double(block.keyValueHeads)) * Double(headSize)
            return sum + (heads + 3 * Double(block.intermediateSize)) * Double(hiddenSize)
        }
    }
}
