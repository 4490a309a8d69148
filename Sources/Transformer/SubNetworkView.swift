/// Which part of a model runs: a choice of its blocks, and of each a prefix of its neurons.
///
/// Under a view (``ForwardContext/view``) the model reads its own weights: gate, up and down projections are stored
/// `[intermediate, hidden]`, so that the first `m` neurons are a contiguous piece of them and nothing is copied.
/// Gradients flow into the same weights; what the view leaves out gets none, or zeros.
public struct SubNetworkView: Codable, Sendable, Hashable {
    /// The blocks that run, as indices of the model's blocks, ascending.
    public var layers: [Int]
    /// For each block of the model how many of its first neurons are used; 0 skips its feed-forward half. Entries of
    /// blocks that do not run have no effect.
    public var intermediateSizes: [Int]

    /// A view from its parts. Nothing is checked here: see ``problems(in:)``.
    public init(layers: [Int], intermediateSizes: [Int]) {
        self.layers = layers
        self.intermediateSizes = intermediateSizes
    }

    /// The whole of a model.
    public init(all architecture: Architecture) {
        self.init(
            layers: Array(architecture.blocks.indices),
            intermediateSizes: architecture.blocks.map(\.intermediateSize))
    }

    /// Why this view does not fit a model, one sentence each; empty when it does.
    public func problems(in architecture: Architecture) -> [String] {
        let blocks = architecture.blocks
        guard intermediateSizes.count == blocks.count else {
            return ["the view has \(intermediateSizes.count) intermediate sizes for \(blocks.count) blocks"]
        }
        var found: [String] = []
        for (index, layer) in layers.enumerated() {
            if !blocks.indices.contains(layer) {
                found.append("the view names block \(layer); the model has \(blocks.count)")
            } else if index > 0, layer <= layers[index - 1] {
                found.append("the view names block \(layer) after block \(layers[index - 1]); they must ascend")
            }
        }
        for (layer, size) in intermediateSizes.enumerated() where size < 0 || size > blocks[layer].intermediateSize {
            found.append(
                "the view uses \(size) neurons of block \(layer), which has \(blocks[layer].intermediateSize)")
        }
        return found
    }
}

extension Architecture {
    /// The shape of the model that a view shows: the blocks that run, with the neurons they use.
    /// - Precondition: the view has no ``SubNetworkView/problems(in:)``.
    public func viewed(by view: SubNetworkView) -> Architecture {
        reshaped(
            blocks: view.layers.map { layer in
                var block = blocks[layer]
                block.intermediateSize = view.intermediateSizes[layer]
                return block
            })
    }
}
