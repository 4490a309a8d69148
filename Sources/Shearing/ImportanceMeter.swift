internal import Torch
internal import Transformer

/// Sums of `ImportanceMeasure.taylorHeads` over calibration rows, kept on the model's device in float32.
final class ImportanceMeter: CalibrationMeter {
    private let architecture: Architecture
    private(set) var rowCount = 0
    private var hidden_H: Tensor?
    private var heads_LQ: Tensor?
    private var intermediate_M: [Tensor?]
    private var influence: InfluenceMeter

    init(_ architecture: Architecture) {
        self.architecture = architecture
        intermediate_M = [Tensor?](repeating: nil, count: architecture.blocks.count)
        influence = InfluenceMeter(layers: architecture.blocks.count)
    }

    /// Runs one row forward and, for the heads, backward to the head masks alone.
    func add(row: CalibrationRow, through model: LanguageModel) throws(TorchError) {
        let masks = try Tensor.ones(
            [architecture.blocks.count, architecture.widestQueryHeads], on: model.device)
        try masks.setRequiresGradient(true)
        let context = ForwardContext(
            masks: LayerMasks(heads_LQ: masks),
            observe: { [self] (site, tensor) throws(TorchError) in
                try withoutGradients { () throws(TorchError) in try observe(site, tensor.detached()) }
            })
        influence.begin()
        let loss =
            try model.rowLosses(model.hidden(row.tokens, in: context), row.targets).sum()
            * (1 / Double(row.counted))
        if let gradient = try Tensor.gradients(of: loss, for: [masks], allowUnused: true)[0] {
            heads_LQ = try Self.sum(heads_LQ, gradient.abs())
        }
        rowCount += 1
    }

    private func observe(_ site: ActivationSite, _ tensor: Tensor) throws(TorchError) {
        try influence.observe(site, tensor)
        switch site {
        case .attentionInput, .feedForwardInput, .final:
            hidden_H = try Self.sum(hidden_H, Self.meanSize(tensor))
        case .neurons(let block):
            intermediate_M[block] = try Self.sum(intermediate_M[block], Self.meanSize(tensor))
        case .context, .embedding, .stream:
            break
        }
    }

    /// Mean |x| per channel of `[1, time, channels]`.
    private static func meanSize(_ tensor: Tensor) throws(TorchError) -> Tensor {
        try tensor.to(.float32).abs().mean(over: [0, 1])
    }

    private static func sum(_ total: Tensor?, _ term: Tensor) throws(TorchError) -> Tensor {
        guard let total else { return term }
        return try total + term
    }

    /// The mean scores.
    func result() throws(TorchError) -> Importance {
        let scale = 1 / Float(max(1, rowCount))
        func floats(_ tensor: Tensor?, _ count: Int) throws(TorchError) -> [Float] {
            try tensor?.floats().map { $0 * scale } ?? [Float](repeating: 0, count: count)
        }
        var intermediate: [Float] = []
        for layer in architecture.blocks.indices {
            intermediate += try floats(intermediate_M[layer], architecture.widestIntermediate)
        }
        return Importance(
            hidden_H: try floats(hidden_H, architecture.hiddenSize),
            heads_LQ: try floats(heads_LQ, architecture.blocks.count * architecture.widestQueryHeads),
            intermediate_LM: intermediate, layers_L: try influence.result(rowCount))
    }
}
