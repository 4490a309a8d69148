internal import Torch

/// Which units of a model have a factor other than 0 under masks, and the shape of what they make up.
///
/// Widths are filled up with units whose factor is 0, which change nothing: to a multiple of `grain`, since products run
/// faster so, and to as many query heads in each group of a layer, since attention has one number.
struct LiveUnits {
    /// The shape of the live part.
    let architecture: Architecture
    /// Channels of the stream, ascending.
    let hidden: [Int]
    /// The layers that do something, from the first to the last.
    let layers: [Layer]

    /// The units of one layer, ascending.
    struct Layer {
        /// Its number in the whole model.
        let index: Int
        let queryHeads: [Int]
        let keyValueHeads: [Int]
        let neurons: [Int]
    }

    /// Widths of hidden size and feed-forward networks are multiples of it.
    static let grain = 32

    /// Reads the masks on the host.
    /// - Throws: `TorchError` only when that copy fails.
    init(_ source: Architecture, _ masks: LayerMasks) throws(TorchError) {
        func factors(_ mask: Tensor?, orOnes count: Int) throws(TorchError) -> [Float] {
            try mask?.detached().floats() ?? [Float](repeating: 1, count: count)
        }
        let count = source.blocks.count
        let heads = try factors(masks.heads_LQ, orOnes: count * source.widestQueryHeads)
        let neurons = try factors(masks.intermediate_LM, orOnes: count * source.widestIntermediate)
        let layerFactors = try factors(masks.layers_L, orOnes: count)
        hidden = Self.filled(try factors(masks.hidden_H, orOnes: source.hiddenSize)[...], atLeast: 1)
        var layers: [Layer] = []
        var blocks: [BlockShape] = []
        for (index, shape) in source.blocks.enumerated() where layerFactors[index] != 0 {
            let firstHead = index * source.widestQueryHeads
            let firstNeuron = index * source.widestIntermediate
            // The bias of a half is added even when no unit of it is alive: then the half stays.
            let (queries, groups) = Self.heads(
                heads[firstHead..<firstHead + shape.queryHeads], groupSize: shape.groupSize,
                isNeeded: source.attentionBias)
            let kept = Self.filled(
                neurons[firstNeuron..<firstNeuron + shape.intermediateSize], atLeast: source.mlpBias ? 1 : 0)
            let block = BlockShape(
                queryHeads: queries.count, keyValueHeads: groups.count, intermediateSize: kept.count)
            guard block.hasAttention || block.hasFeedForward else { continue }
            layers.append(Layer(index: index, queryHeads: queries, keyValueHeads: groups, neurons: kept))
            blocks.append(block)
        }
        self.layers = layers
        architecture = source.reshaped(hiddenSize: hidden.count, blocks: blocks)
    }

    /// The indices of the factors that are not 0, and of as many others, the first ones, as a multiple of `grain` wants.
    private static func filled(_ factors: ArraySlice<Float>, atLeast least: Int) -> [Int] {
        let alive = factors.count { $0 != 0 }
        let wanted = max(alive, min(least, factors.count))
        return filled(factors, to: min((wanted + grain - 1) / grain * grain, factors.count))
    }

    /// The indices of the factors that are not 0, and of the first others up to `count` in all.
    private static func filled(_ factors: ArraySlice<Float>, to count: Int) -> [Int] {
        var missing = count - factors.count { $0 != 0 }
        return factors.indices.filter { index in
            if factors[index] != 0 { return true }
            missing -= 1
            return missing >= 0
        }.map { $0 - factors.startIndex }
    }

    /// The groups with a live head, and of each of them equally many heads.
    private static func heads(
        _ factors: ArraySlice<Float>, groupSize: Int, isNeeded: Bool
    ) -> (queries: [Int], groups: [Int]) {
        guard groupSize > 0 else { return ([], []) }
        let starts = Array(stride(from: 0, to: factors.count, by: groupSize))
        func group(_ start: Int) -> ArraySlice<Float> {
            factors[factors.startIndex + start..<factors.startIndex + start + groupSize]
        }
        var live = starts.filter { start in group(start).contains { $0 != 0 } }
        if live.isEmpty, isNeeded { live = [0] }
        let most = live.map { start in group(start).count { $0 != 0 } }.max() ?? 0
        return (
            live.flatMap { start in filled(group(start), to: max(most, 1)).map { start + $0 } },
            live.map { $0 / groupSize }
        )
    }
}
