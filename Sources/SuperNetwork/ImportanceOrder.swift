public import Shearing
internal import Torch
public import Transformer

/// In which order a super-network gives up its parts: neurons from the last place of their block, blocks by the drop
/// order. Decided once, before training, so that every smaller network lies inside the larger ones.
///
/// BootstrapNAS, Once-for-all and Flextron sort so; LLaMA-NAS does not say what it does.
public struct ImportanceOrder: Codable, Sendable, Hashable {
    /// For each block the neurons of the source by the place they get: first the most important one.
    public var neurons: [[Int]]
    /// Blocks from the one that is dropped first; protected ones are missing.
    public var dropOrder: [Int]

    /// An order from its parts. Nothing is checked here.
    public init(neurons: [[Int]], dropOrder: [Int]) {
        self.neurons = neurons
        self.dropOrder = dropOrder
    }

    /// The order that measured importance gives: neurons by descending score, blocks by ascending score; of equals the
    /// earlier neuron stands first and the later block goes first.
    /// - Parameters:
    ///   - importance: of this architecture: by activations (Minitron), whose blocks score by influence.
    ///   - protected: how many blocks at each end are never dropped.
    /// - Throws: `SuperNetworkError.order` when the scores are of another architecture.
    public init(
        _ importance: Importance, of architecture: Architecture, protected: Int = 2
    ) throws(SuperNetworkError) {
        let widest = architecture.widestIntermediate
        guard importance.layers_L.count == architecture.blocks.count,
            importance.intermediate_LM.count == architecture.blocks.count * widest
        else {
            throw .order(
                problem: "the importance of \(importance.layers_L.count) blocks is not that of a model of "
                    + "\(architecture.blocks.count)")
        }
        neurons = architecture.blocks.enumerated().map { index, block in
            let scores = Array(importance.intermediate_LM[index * widest..<index * widest + block.intermediateSize])
            return scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] > scores[$1] : $0 < $1 }
        }
        let influences = importance.layers_L
        let candidates = influences.indices.dropFirst(protected).dropLast(protected)
        dropOrder = candidates.sorted {
            influences[$0] != influences[$1] ? influences[$0] < influences[$1] : $0 > $1
        }
    }

    /// Neurons as they are and the last blocks first.
    public init(unchanged architecture: Architecture) {
        self.init(
            neurons: architecture.blocks.map { Array(0..<$0.intermediateSize) },
            dropOrder: architecture.blocks.indices.reversed())
    }
}

extension LanguageModel {
    /// Puts the neurons of each block in another order, in place: rows of gate and up projections and columns of the
    /// down projection go together, so that the model computes what it computed, up to the order of sums.
    /// - Parameter orders: for each block the present neuron that comes to each place.
    /// - Throws: `SuperNetworkError.order` when one is no permutation, before anything is moved; `.torch`.
    public func reorderNeurons(_ orders: [[Int]]) throws(SuperNetworkError) {
        guard orders.count == blocks.count else {
            throw .order(
                problem: "there are orders of neurons for \(orders.count) blocks; the model has \(blocks.count)")
        }
        for (block, order) in zip(architecture.blocks, orders).enumerated()
        where order.1.sorted() != Array(0..<order.0.intermediateSize) {
            throw .order(
                problem:
                    "the order of neurons of block \(block) is no permutation of 0 to \(order.0.intermediateSize - 1)")
        }
        try withTorch { () throws(TorchError) in
            try withoutGradients { () throws(TorchError) in
                for (block, order) in zip(blocks, orders) {
                    guard let half = block.feedForward else { continue }
                    let places = try Tensor(order.map(Int64.init), shape: [order.count]).to(device)
                    let moved = [half.gate.weight, half.up.weight, half.down.weight, half.gate.bias, half.up.bias]
                        .compactMap { $0 }
                    // Neurons are the first stored axis of all of them.
                    for parameter in moved {
                        let master = try parameter.master.detached()
                        try master.copy(from: master.indexSelected(0, places))
                        try parameter.refresh()
                    }
                }
            }
        }
    }
}
