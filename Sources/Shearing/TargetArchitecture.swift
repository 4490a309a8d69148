public import Transformer

/// The exact uniform shape that pruning ends at. Everything it does not name (head size, vocabulary, norms, biases,
/// positions) is inherited from the source.
public struct TargetArchitecture: Codable, Sendable, Hashable {
    /// Transformer blocks that stay.
    public var layers: Int
    /// Width of the residual stream.
    public var hiddenSize: Int
    /// Query heads per layer.
    public var heads: Int
    /// Key-value heads per layer: the source's number, or fewer with the source's group size.
    public var keyValueHeads: Int
    /// Inner channels of each feed-forward part.
    public var intermediateSize: Int

    /// A target shape; without `keyValueHeads` there are as many as query heads.
    public init(layers: Int, hiddenSize: Int, heads: Int, keyValueHeads: Int? = nil, intermediateSize: Int) {
        self.layers = layers
        self.hiddenSize = hiddenSize
        self.heads = heads
        self.keyValueHeads = keyValueHeads ?? heads
        self.intermediateSize = intermediateSize
    }

    /// The 1.3B shape of Sheared-LLaMA (from LLaMA-2-7B; paper table 8).
    public static let shearedLlama1_3B = TargetArchitecture(
        layers: 24, hiddenSize: 2048, heads: 16, intermediateSize: 5504)
    /// The 2.7B shape of Sheared-LLaMA (from LLaMA-2-7B; paper table 8).
    public static let shearedLlama2_7B = TargetArchitecture(
        layers: 32, hiddenSize: 2560, heads: 20, intermediateSize: 6912)
    /// The 370M shape of the authors' code (from LLaMA-2-7B).
    public static let shearedLlama370M = TargetArchitecture(
        layers: 24, hiddenSize: 1024, heads: 8, intermediateSize: 2816)

    /// Everything that keeps this target from being carved out of `source`, each in one plain sentence; empty when
    /// it can be.
    public func problems(against source: Architecture) -> [String] {
        guard let block = source.uniform?.block else {
            return ["the source's layers differ in shape; masks need a source whose layers are all alike and complete"]
        }
        var problems: [String] = []
        let sizes = [
            ("number of layers", layers, source.blocks.count), ("hidden size", hiddenSize, source.hiddenSize),
            ("number of heads", heads, block.queryHeads),
            ("number of key-value heads", keyValueHeads, block.keyValueHeads),
            ("intermediate size", intermediateSize, block.intermediateSize),
        ]
        for (name, wanted, found) in sizes {
            if wanted < 1 { problems.append("the target's \(name) is \(wanted); it must be at least 1") }
            if wanted > found {
                problems.append(
                    "the target's \(name) is \(wanted), larger than the source's \(found); choose at most \(found)")
            }
        }
        guard heads > 0, keyValueHeads > 0 else { return problems }
        if heads % keyValueHeads != 0 {
            problems.append(
                "the target's \(heads) heads do not divide into \(keyValueHeads) key-value heads; choose a multiple of \(keyValueHeads)"
            )
        } else if keyValueHeads < block.keyValueHeads,
            heads / keyValueHeads != block.groupSize
        {
            problems.append(
                "the target's \(keyValueHeads) key-value heads drop groups of the source's \(block.keyValueHeads), and whole groups have \(block.groupSize) query heads each: choose \(keyValueHeads * block.groupSize) heads, or keep \(block.keyValueHeads) key-value heads"
            )
        }
        return problems
    }

    /// The architecture that carving `source` to this target gives.
    public func architecture(from source: Architecture) -> Architecture {
        let block = BlockShape(queryHeads: heads, keyValueHeads: keyValueHeads, intermediateSize: intermediateSize)
        return source.reshaped(hiddenSize: hiddenSize, blocks: [BlockShape](repeating: block, count: layers))
    }
}
