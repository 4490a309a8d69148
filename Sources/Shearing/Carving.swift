internal import Torch
public import Transformer

extension LanguageModel {
    /// The smaller dense model that computes what this one computes under `masks`.
    ///
    /// The fold is exact: the norm before each half and the final norm carry the hidden mask, the output and down
    /// projections' rows carry the hidden and the layer mask, output columns the head mask (value rows are shared by a
    /// group), up rows the intermediate mask; embedding and head are only sliced, as the forward pass does not mask
    /// them. Layers whose mask is 0, or of which neither a head nor a neuron stays, are dropped and the others renumbered;
    /// a layer that keeps heads but no neuron, or the reverse, has half of a block. Taken from the float32 masters; this model
    /// keeps its weights.
    /// - Parameter target: When given, the result must have exactly this shape; checked before a weight is copied.
    /// - Throws: `ShearingError.maskShape` when the masks are of another model, `.impossibleTarget` when a half goes whose
    ///   bias would stay, `.unevenGroups` when a layer's head
    ///   groups keep different numbers of heads, `.notTarget`, `.transformer`, `.torch`.
    public func carved(
        by masks: DeterministicMasks, expecting target: TargetArchitecture? = nil
    ) throws(ShearingError) -> LanguageModel {
        let plan = try CarvingPlan(architecture, masks: masks)
        if let target {
            let expected = target.architecture(from: architecture)
            guard plan.architecture == expected else {
                throw .notTarget(expected: expected, found: plan.architecture)
            }
        }
        let carved = try withTorch { () throws(TorchError) in
            try withoutGradients { () throws(TorchError) in
                try plan.carve(Dictionary(uniqueKeysWithValues: weights().map { ($0.name, $0.tensor) }))
            }
        }
        for entry in WeightTable(plan.architecture).entries {
            let found = carved[entry.name]?.shape ?? []
            guard found == entry.shape else {
                throw .weightShape(name: entry.name, expected: entry.shape, found: found)
            }
        }
        do throws(TransformerError) {
            return try LanguageModel(plan.architecture, weights: carved, computeDType: computeDType, on: device)
        } catch {
            throw .transformer(error)
        }
    }

    /// The model carved by the exact top-k selection of learned masks.
    /// - Throws: as `carved(by:expecting:)`, and `ShearingError.notFinite` when a log-alpha is NaN or infinite.
    public func carved(by masks: PruningMasks) throws(ShearingError) -> LanguageModel {
        try carved(by: masks.deterministic(.target))
    }
}

/// What each weight of a carved model is: which indices of which source weight, times which mask values.
struct CarvingPlan {
    /// The shape of the result.
    let architecture: Architecture
    private let layers: [Layer]
    private let hidden: Selection?

    /// Elements of one axis that stay, and their mask values.
    private struct Selection {
        let indices: [Int]
        let values: [Float]

        /// What stays of one row of mask elements.
        init(_ elements: some Collection<Float>) {
            let kept = elements.enumerated().filter { $0.element != 0 }
            indices = kept.map(\.offset)
            values = kept.map(\.element)
        }

        init(indices: [Int], values: [Float]) {
            self.indices = indices
            self.values = values
        }

        /// The selection of an axis that has `size` channels per element.
        func widened(by size: Int) -> Selection {
            Selection(
                indices: indices.flatMap { index in (0..<size).map { index * size + $0 } },
                values: values.flatMap { [Float](repeating: $0, count: size) })
        }
    }

    /// One surviving layer.
    private struct Layer {
        let sourceIndex: Int
        /// The layer's mask value, folded into the rows of its output and down projections.
        let value: Float
        var queryChannels: Selection?
        var keyValueChannels: Selection?
        var intermediate: Selection?
    }

    init(_ source: Architecture, masks: DeterministicMasks) throws(ShearingError) {
        try Self.check(masks, against: source)
        hidden = masks.elements(of: .hidden).map { Selection($0) }
        var layers: [Layer] = []
        var blocks: [BlockShape] = []
        let layerValues = masks.elements(of: .layer)
        let heads = masks.elements(of: .heads)
        let intermediates = masks.elements(of: .intermediate)
        for (index, shape) in source.blocks.enumerated() {
            let value = layerValues?[index] ?? 1
            guard value != 0 else { continue }
            var layer = Layer(sourceIndex: index, value: value)
            var block = shape
            if let heads {
                let row = Array(heads[index * shape.queryHeads..<(index + 1) * shape.queryHeads])
                let groups = try Self.keptGroups(row, groupSize: shape.groupSize, layer: index)
                let queries = Selection(row)
                block.queryHeads = queries.indices.count
                block.keyValueHeads = groups.count
                layer.queryChannels = queries.widened(by: source.headSize)
                layer.keyValueChannels = Selection(
                    indices: groups, values: [Float](repeating: 1, count: groups.count)
                ).widened(by: source.headSize)
            }
            if let intermediates {
                let width = shape.intermediateSize
                let selection = Selection(intermediates[index * width..<(index + 1) * width])
                block.intermediateSize = selection.indices.count
                layer.intermediate = selection
            }
            guard block.hasAttention || !source.attentionBias, block.hasFeedForward || !source.mlpBias else {
                throw .impossibleTarget([
                    "the masks leave layer \(index) no head or no neuron, but its bias would still be added"
                ])
            }
            guard block.hasAttention || block.hasFeedForward else { continue }
            layers.append(layer)
            blocks.append(block)
        }
        self.layers = layers
        architecture = source.reshaped(hiddenSize: hidden?.indices.count, blocks: blocks)
    }

    private static func check(_ masks: DeterministicMasks, against source: Architecture) throws(ShearingError) {
        guard let uniform = source.uniform else {
            throw .impossibleTarget([
                "the source's layers differ in shape; masks need a source whose layers are all alike"
            ])
        }
        for rows in masks.families {
            let expected: [Int] =
                switch rows.family {
                case .hidden: [source.hiddenSize]
                case .heads: [uniform.layers, uniform.block.queryHeads]
                case .intermediate: [uniform.layers, uniform.block.intermediateSize]
                case .layer: [uniform.layers]
                }
            guard rows.shape == expected, rows.count * rows.repeats == expected.reduce(1, *) else {
                throw .maskShape(family: rows.family, expected: expected, found: rows.shape)
            }
        }
    }

    /// Key-value heads of a layer that some query head still reads.
    private static func keptGroups(_ heads: [Float], groupSize: Int, layer: Int) throws(ShearingError) -> [Int] {
        let alive = stride(from: 0, to: heads.count, by: groupSize).map { start in
            heads[start..<start + groupSize].count { $0 != 0 }
        }
        let kept = alive.indices.filter { alive[$0] > 0 }
        guard Set(kept.map { alive[$0] }).count <= 1 else { throw .unevenGroups(layer: layer, heads: alive) }
        return kept
    }

    // MARK: Weights

    /// The carved weights by Hugging Face name, from the source's float32 weights in Hugging Face layout.
    func carve(_ sources: [String: Tensor]) throws(TorchError) -> [String: Tensor] {
        var carved: [String: Tensor] = [:]
        for entry in WeightTable(architecture).entries {
            let layer = entry.block.map { layers[$0] }
            let sourceName = WeightTable.name(entry.role, block: layer?.sourceIndex)
            if let tensor = sources[sourceName] { carved[entry.name] = try carve(tensor, entry, of: layer) }
        }
        return carved
    }

    private func carve(_ tensor: Tensor, _ entry: WeightEntry, of layer: Layer?) throws(TorchError) -> Tensor {
        var result = tensor
        for (axis, kind) in entry.axes.enumerated() {
            let selection: Selection? =
                switch kind {
                case .vocabulary: nil
                case .hidden: hidden
                case .queryHeads: layer?.queryChannels
                case .keyValueHeads: layer?.keyValueChannels
                case .intermediate: layer?.intermediate
                }
            guard let selection else { continue }
            let indices = try Tensor(selection.indices.map(Int64.init), shape: [selection.indices.count])
            result = try result.indexSelected(axis, indices.to(tensor.device))
            if Self.carriesMask(entry.role, kind) {
                var shape = [Int](repeating: 1, count: entry.axes.count)
                shape[axis] = selection.values.count
                result = try result * Tensor(selection.values, shape: shape).to(tensor.device)
            }
        }
        if let layer, layer.value != 1, Self.carriesLayerMask(entry.role) {
            result = try result * Double(layer.value)
        }
        return result
    }

    /// Whether the weight's elements along an axis of this kind are multiplied by that axis's mask.
    private static func carriesMask(_ role: WeightRole, _ axis: WeightAxis) -> Bool {
        switch (role, axis) {
        case (.finalNorm, .hidden), (.attentionNorm, .hidden), (.feedForwardNorm, .hidden): true
        case (.output, .hidden), (.outputBias, .hidden), (.down, .hidden), (.downBias, .hidden): true
        case (.output, .queryHeads): true
        case (.up, .intermediate), (.upBias, .intermediate): true
        default: false
        }
    }

    /// Whether the weight writes a layer's output into the residual stream.
    private static func carriesLayerMask(_ role: WeightRole) -> Bool {
        switch role {
        case .output, .outputBias, .down, .downBias: true
        default: false
        }
    }
}
