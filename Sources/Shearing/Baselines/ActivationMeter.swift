internal import Corpus
internal import Torch
internal import Transformer

/// Importance by the size of activations, from forward passes alone (Minitron, arXiv 2407.14679): of neurons |activation|,
/// of heads the Euclidean norm of their output, of hidden channels |normed stream|; each the mean over the positions of a
/// row, then the root mean square over rows, hidden channels summed over all norms. Layers score by block influence
/// (ShortGPT, arXiv 2403.03853). Kept on the model's device in float32.
final class ActivationMeter: CalibrationMeter {
    private let architecture: Architecture
    private(set) var rowCount = 0
    /// Sums over rows of squared means.
    private var squares: [ActivationSite: Tensor] = [:]
    private var influence: InfluenceMeter

    init(_ architecture: Architecture) {
        self.architecture = architecture
        influence = InfluenceMeter(layers: architecture.blocks.count)
    }

    func add(row: CalibrationRow, through model: LanguageModel) throws(TorchError) {
        influence.begin()
        let context = ForwardContext(
            observe: { [self] (site, tensor) throws(TorchError) in
                try influence.observe(site, tensor)
                guard let square = try Self.meanSize(site, tensor)?.squared() else { return }
                if let sum = squares[site] { squares[site] = try sum + square } else { squares[site] = square }
            })
        _ = try withoutGradients { () throws(TorchError) in try model.hidden(row.tokens, in: context) }
        rowCount += 1
    }

    /// The mean size of each unit at a site over the positions of one row; nil for sites that score nothing.
    private static func meanSize(_ site: ActivationSite, _ tensor: Tensor) throws(TorchError) -> Tensor? {
        switch site {
        case .attentionInput, .feedForwardInput, .final, .neurons: try tensor.to(.float32).abs().mean(over: [0, 1])
        case .context: try tensor.to(.float32).norm(over: [-1]).mean(over: [0, 2])
        case .embedding, .stream: nil
        }
    }

    func result() throws(TorchError) -> Importance {
        func scores(_ site: ActivationSite, _ count: Int) throws(TorchError) -> [Float] {
            guard let sum = squares[site] else { return [Float](repeating: 0, count: count) }
            let found = try (sum * (1 / Double(max(1, rowCount)))).sqrt().floats()
            // Rows of narrower blocks are filled up, so that each begins where its index says.
            return found + [Float](repeating: 0, count: max(0, count - found.count))
        }
        let blocks = architecture.blocks.indices
        var hidden = [Float](repeating: 0, count: architecture.hiddenSize)
        let norms =
            blocks.flatMap { [ActivationSite.attentionInput(block: $0), .feedForwardInput(block: $0)] } + [.final]
        for site in norms {
            for (channel, score) in try scores(site, architecture.hiddenSize).enumerated() { hidden[channel] += score }
        }
        var heads: [Float] = []
        var neurons: [Float] = []
        for block in blocks {
            heads += try scores(.context(block: block), architecture.widestQueryHeads)
            neurons += try scores(.neurons(block: block), architecture.widestIntermediate)
        }
        return Importance(
            hidden_H: hidden, heads_LQ: heads, intermediate_LM: neurons, layers_L: try influence.result(rowCount))
    }
}
