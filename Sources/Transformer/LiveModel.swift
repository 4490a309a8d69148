public import Torch

/// What masks leave of a model: a smaller one of the same weights that computes what the whole one computes under them.
///
/// A unit whose factor is 0 gives nothing and receives no gradient, and neither does the factor, which hard concrete
/// clamps there (Louizos et al., arXiv 1712.01312). Leaving it out changes a training step by rounding only, and
/// most factors are 0 once masks have come close to their target: the products of a step shrink with the model.
///
/// The weights are copied when a live model is made and are not changed by training it; `takeGradients()` brings what
/// they receive to the whole model's.
public final class LiveModel {
    /// The largest share of a model's parameters that a part is made of by default: copying more saves too little.
    public static let largestShare = 2.0 / 3

    /// The live part.
    public let model: LanguageModel
    private let source: LanguageModel
    private let pieces: [Piece]
    private let places: Places

    /// Where a weight of the live part lies in the whole model's.
    private struct Piece {
        let source: Parameter
        let rows: Tensor?
        let columns: Tensor?

        func content() throws(TorchError) -> Tensor {
            let block = try Self.matrix(source.value).block(rows: rows, columns: columns)
            return source.value.rank == 1 ? try block.reshaped([-1]) : block
        }

        func add(_ gradient: Tensor, to whole: Tensor) throws(TorchError) {
            try Self.matrix(whole).add(block: Self.matrix(gradient), rows: rows, columns: columns)
        }

        /// A vector as a matrix of one row: a view.
        private static func matrix(_ tensor: Tensor) throws(TorchError) -> Tensor {
            let tensor = try tensor.detached()
            return tensor.rank == 1 ? try tensor.reshaped([1, tensor.elementCount]) : tensor
        }
    }

    /// The live part of `source` under `masks`, in its compute type. Reads the masks on the host.
    ///
    /// `nil` where it has more than `share` of the parameters, and where nothing is left of what a mask acts on: that mask
    /// would receive no gradient at all, instead of zeros.
    /// - Throws: `TorchError.outOfMemory`; `.unsupported` for a model whose weights are quantised.
    public init?(
        of source: LanguageModel, under masks: LayerMasks, ifBelow share: Double = largestShare
    ) throws(TorchError) {
        let units = try LiveUnits(source.architecture, masks)
        let architecture = units.architecture
        guard Double(architecture.parameterCount) <= share * Double(source.architecture.parameterCount) else {
            return nil
        }
        let isWithout =
            (masks.heads_LQ != nil && architecture.widestQueryHeads == 0)
            || (masks.intermediate_LM != nil && architecture.widestIntermediate == 0) || units.layers.isEmpty
        guard !isWithout else { return nil }
        // First: what goes to a device from the host's memory would wait for what is queued there.
        let places = try Places(units, in: source.architecture, on: source.device)
        let pieces = try Self.pieces(of: source, units)
        var weights: [HeldWeight] = []
        for piece in pieces { weights.append(.dense(try piece.content())) }
        model = try LanguageModel(
            architecture, held: weights, computeDType: source.computeDType, on: source.device,
            isFrozen: true, rotary: source.rotary)
        for parameter in model.parameters { try parameter.value.setRequiresGradient(true) }
        self.source = source
        self.pieces = pieces
        self.places = places
    }

    /// In the order of the live part's weight table.
    private static func pieces(of source: LanguageModel, _ units: LiveUnits) throws(TorchError) -> [Piece] {
        func numbers(_ kept: [Int], of count: Int, each size: Int = 1) throws(TorchError) -> Tensor? {
            guard kept.count < count else { return nil }
            return try Tensor(
                kept.flatMap { unit in (0..<size).map { Int64(unit * size + $0) } }, shape: [kept.count * size],
                on: source.device)
        }
        let whole = source.architecture
        let hidden = try numbers(units.hidden, of: whole.hiddenSize)
        var inner: [[WeightAxis: Tensor]] = []
        for layer in units.layers {
            let shape = whole.blocks[layer.index]
            var axes: [WeightAxis: Tensor] = [:]
            axes[.queryHeads] = try numbers(layer.queryHeads, of: shape.queryHeads, each: whole.headSize)
            axes[.keyValueHeads] = try numbers(layer.keyValueHeads, of: shape.keyValueHeads, each: whole.headSize)
            axes[.intermediate] = try numbers(layer.neurons, of: shape.intermediateSize)
            inner.append(axes)
        }
        var pieces: [Piece] = []
        for entry in WeightTable(units.architecture).entries {
            let name = WeightTable.name(entry.role, block: entry.block.map { units.layers[$0].index })
            guard let parameter = source.parameter(named: name) else {
                throw TorchError(
                    code: .unsupported, operation: "LiveModel.init",
                    message: "\(name) is quantised; masks need a model whose weights can be trained")
            }
            let kept = (entry.isStoredTransposed ? entry.axes.reversed() : entry.axes).map { axis in
                axis == .hidden ? hidden : entry.block.flatMap { inner[$0][axis] }
            }
            pieces.append(
                Piece(source: parameter, rows: kept.count == 2 ? kept[0] : nil, columns: kept[kept.count - 1]))
        }
        return pieces
    }

    /// The factors of the live units, for the live part; differentiable.
    /// - Parameter masks: Those that this was made under, or others that are 0 where they are.
    /// - Throws: `TorchError.invalidArgument` for masks of another model.
    public func masks(_ masks: LayerMasks) throws(TorchError) -> LayerMasks {
        func chosen(_ mask: Tensor?, _ places: Tensor?, width: Int? = nil) throws(TorchError) -> Tensor? {
            guard let mask, let places else { return nil }
            let factors = try mask.reshaped([-1]).indexSelected(0, places)
            return try width.map { (width) throws(TorchError) in try factors.reshaped([-1, width]) } ?? factors
        }
        let live = model.architecture
        return LayerMasks(
            hidden_H: try chosen(masks.hidden_H, places.hidden),
            heads_LQ: try chosen(masks.heads_LQ, places.heads, width: live.widestQueryHeads),
            intermediate_LM: try chosen(masks.intermediate_LM, places.neurons, width: live.widestIntermediate),
            layers_L: try chosen(masks.layers_L, places.layers))
    }

    /// Where the factors of live units stand in masks of the whole model that are laid out in a row; nil for units that
    /// the live part does not have.
    private struct Places {
        let hidden: Tensor?
        let heads: Tensor?
        let neurons: Tensor?
        let layers: Tensor?

        init(_ units: LiveUnits, in whole: Architecture, on device: Device) throws(TorchError) {
            func places(_ numbers: [Int]) throws(TorchError) -> Tensor? {
                guard !numbers.isEmpty else { return nil }
                return try Tensor(numbers.map(Int64.init), shape: [numbers.count], on: device)
            }
            /// A row for each layer; what a narrower layer does not read repeats the row's first factor.
            func rows(_ kept: (LiveUnits.Layer) -> [Int], from width: Int, to liveWidth: Int) -> [Int] {
                units.layers.flatMap { layer in
                    let units = kept(layer)
                    return (0..<liveWidth).map { layer.index * width + ($0 < units.count ? units[$0] : 0) }
                }
            }
            let live = units.architecture
            hidden = try places(units.hidden)
            heads = try places(rows(\.queryHeads, from: whole.widestQueryHeads, to: live.widestQueryHeads))
            neurons = try places(rows(\.neurons, from: whole.widestIntermediate, to: live.widestIntermediate))
            layers = try places(units.layers.map(\.index))
        }
    }

    /// Adds the gradients of the live part's weights to those of the whole model, as a backward pass through it would
    /// have: with zeros for what is not alive. The live part has none afterwards.
    /// - Throws: `TorchError.outOfMemory`.
    public func takeGradients() throws(TorchError) {
        try withoutGradients { () throws(TorchError) in
            // One by one, so that both gradients of only one weight stand side by side.
            for (piece, parameter) in zip(pieces, model.parameters) {
                guard let gradient = parameter.gradient else { continue }
                try piece.add(gradient, to: piece.source.gradientOrZeros())
                parameter.value.clearGradient()
            }
            for parameter in source.parameters { _ = try parameter.gradientOrZeros() }
        }
    }
}
