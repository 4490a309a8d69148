internal import Corpus
internal import Torch
internal import Transformer

/// Sums of importance over calibration rows, kept on the model's device in float32.
final class ImportanceMeter {
    private let architecture: Architecture
    /// Rows measured so far.
    private(set) var rowCount = 0
    private var hidden_H: Tensor?
    private var heads_LQ: Tensor?
    private var intermediate_M: [Tensor?]
    private var layers: [Tensor?]
    private var stream_BTH: Tensor?

    init(_ architecture: Architecture) {
        self.architecture = architecture
        intermediate_M = [Tensor?](repeating: nil, count: architecture.blocks.count)
        layers = intermediate_M
    }

    /// Runs one row forward and, for the heads, backward to the head masks alone.
    func add(row: Int, of batch: TokenBatch, through model: LanguageModel) throws(TorchError) {
        let columns = batch.columns
        let range = row * columns..<(row + 1) * columns
        let counted = batch.targets[range].count { $0 >= 0 }
        guard counted > 0 else { return }
        let tokens = try Tensor(batch.tokens[range].map(Int64.init), shape: [1, columns]).to(model.device)
        let targets = try Tensor(batch.targets[range].map(Int64.init), shape: [1, columns]).to(model.device)
        let masks = try Tensor.ones(
            [architecture.blocks.count, architecture.widestQueryHeads], on: model.device)
        try masks.setRequiresGradient(true)
        let context = ForwardContext(
            masks: LayerMasks(heads_LQ: masks),
            observe: { [self] (site, tensor) throws(TorchError) in
                try withoutGradients { () throws(TorchError) in try observe(site, tensor.detached()) }
            })
        stream_BTH = nil
        let loss = try model.rowLosses(model.hidden(tokens, in: context), targets).sum() * (1 / Double(counted))
        if let gradient = try Tensor.gradients(of: loss, for: [masks], allowUnused: true)[0] {
            heads_LQ = try Self.sum(heads_LQ, gradient.abs())
        }
        rowCount += 1
    }

    private func observe(_ site: ActivationSite, _ tensor: Tensor) throws(TorchError) {
        switch site {
        case .embedding:
            stream_BTH = tensor
        case .stream(let block):
            if let before = stream_BTH {
                layers[block] = try Self.sum(layers[block], Self.influence(before, tensor))
            }
            stream_BTH = tensor
        case .attentionInput, .feedForwardInput, .final:
            hidden_H = try Self.sum(hidden_H, Self.meanSize(tensor))
        case .neurons(let block):
            intermediate_M[block] = try Self.sum(intermediate_M[block], Self.meanSize(tensor))
        case .context:
            break
        }
    }

    /// Mean |x| per channel of `[1, time, channels]`.
    private static func meanSize(_ tensor: Tensor) throws(TorchError) -> Tensor {
        try tensor.to(.float32).abs().mean(over: [0, 1])
    }

    /// 1 - cosine between two states of the stream, mean over tokens.
    private static func influence(_ before: Tensor, _ after: Tensor) throws(TorchError) -> Tensor {
        let (a, b) = try (before.to(.float32), after.to(.float32))
        let product = try (a * b).sum(over: [2])
        let sizes = try (a.squared().sum(over: [2]) * b.squared().sum(over: [2])).sqrt()
        return try 1 - (product / sizes.clamped(min: 1e-12)).mean()
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
        var influences: [Float] = []
        for layer in architecture.blocks.indices {
            intermediate += try floats(intermediate_M[layer], architecture.widestIntermediate)
            influences += try floats(layers[layer], 1)
        }
        return Importance(
            hidden_H: try floats(hidden_H, architecture.hiddenSize),
            heads_LQ: try floats(heads_LQ, architecture.blocks.count * architecture.widestQueryHeads),
            intermediate_LM: intermediate, layers_L: influences)
    }
}
