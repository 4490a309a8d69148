public import Corpus
internal import Torch
public import Transformer

/// How much the neurons and the blocks of a model matter on some text, from forward passes alone.
///
/// Neurons as in Minitron (arXiv 2407.14679, section 3.1): the absolute activation, mean over the sequence, Euclidean norm
/// over the rows. Blocks by block influence, as in ShortGPT (arXiv 2403.03853, equation 1): 1 - cosine of the stream before
/// and after a block, mean over tokens. Only positions with a counted target are looked at.
public struct ActivationImportance: Codable, Sendable, Equatable {
    /// For each block a score per neuron, from `|silu(gate) * up|`; empty where the block has none.
    public let neurons: [[Float]]
    /// For each block its influence, 0 to 2.
    public let influences: [Double]
    /// The number of positions measured.
    public let tokens: Int

    /// Scores from elsewhere.
    public init(neurons: [[Float]], influences: [Double], tokens: Int) {
        self.neurons = neurons
        self.influences = influences
        self.tokens = tokens
    }

    /// Measures a model on calibration batches. No gradients; the model is not changed.
    /// - Parameter observe: Told the batches done.
    /// - Throws: `EvaluationError.request` when no position has a counted target, `.torch`.
    public static func measured(
        _ model: LanguageModel, on batches: [TokenBatch], observe: (_ done: Int) -> Void = { _ in }
    ) throws(EvaluationError) -> ActivationImportance {
        let meter = ActivationMeter(model.architecture)
        for (index, batch) in batches.enumerated() {
            try withTorch { () throws(TorchError) in try meter.add(batch, through: model) }
            observe(index + 1)
        }
        guard meter.tokens > 0 else {
            throw .request(
                reason: "importance was to be measured on rows without a predicted token",
                remedy: "give a corpus with training rows")
        }
        return try withTorch { () throws(TorchError) in try meter.result() }
    }
}

/// Sums over calibration rows, kept on the model's device in float32.
private final class ActivationMeter {
    private(set) var tokens = 0
    private let architecture: Architecture
    /// Sums over rows of squared means, `[intermediate]` of each block.
    private var squares: [Tensor?]
    /// Sums over positions of 1 - cosine, scalars.
    private var turns: [Tensor?]
    private var stream_BTH: Tensor?

    init(_ architecture: Architecture) {
        self.architecture = architecture
        squares = [Tensor?](repeating: nil, count: architecture.blocks.count)
        turns = squares
    }

    func add(_ batch: TokenBatch, through model: LanguageModel) throws(TorchError) {
        let counts = batch.rowTokens
        guard batch.countedTokens > 0 else { return }
        let shape = [batch.rows, batch.columns]
        let counted_BT = try Tensor(batch.targets, shape: shape, on: model.device).greaterOrEqual(to: 0).to(.float32)
        let shares_B = try Tensor(counts.map { $0 > 0 ? 1 / Float($0) : 0 }, shape: [batch.rows]).to(model.device)
        // A row's mean is a sum with these weights.
        let weights_BT = try counted_BT * shares_B.reshaped([batch.rows, 1])
        stream_BTH = nil
        try withoutGradients { () throws(TorchError) in
            var context = ForwardContext(
                observe: { [self] (site, tensor) throws(TorchError) in
                    switch site {
                    case .embedding: stream_BTH = tensor
                    case .neurons(let block):
                        let means_BM = try (tensor.to(.float32).abs() * weights_BT.unsqueezed(2)).sum(over: [1])
                        squares[block] = try Self.sum(squares[block], means_BM.squared().sum(over: [0]))
                    case .stream(let block):
                        if let before = stream_BTH {
                            let turn = try (1 - Self.cosine(before, tensor)) * counted_BT
                            turns[block] = try Self.sum(turns[block], turn.sum())
                        }
                        stream_BTH = tensor
                    case .attentionInput, .context, .feedForwardInput, .final: break
                    }
                })
            if let segments = batch.segments { context.segments = try Tensor(segments, shape: shape, on: model.device) }
            _ = try model.hidden(try Tensor(batch.tokens, shape: shape, on: model.device), in: context)
        }
        stream_BTH = nil
        tokens += batch.countedTokens
    }

    /// The cosine of the angle between two states of the stream, `[batch, time]`.
    private static func cosine(_ before: Tensor, _ after: Tensor) throws(TorchError) -> Tensor {
        let (a, b) = try (before.to(.float32), after.to(.float32))
        let sizes = try (a.squared().sum(over: [2]) * b.squared().sum(over: [2])).sqrt()
        return try (a * b).sum(over: [2]) / sizes.clamped(min: 1e-12)
    }

    private static func sum(_ total: Tensor?, _ term: Tensor) throws(TorchError) -> Tensor {
        guard let total else { return term }
        return try total + term
    }

    func result() throws(TorchError) -> ActivationImportance {
        var neurons: [[Float]] = []
        var influences: [Double] = []
        for block in architecture.blocks.indices {
            neurons.append(try squares[block]?.sqrt().floats() ?? [])
            influences.append(try (turns[block]?.item() ?? 0) / Double(max(tokens, 1)))
        }
        return ActivationImportance(neurons: neurons, influences: influences, tokens: tokens)
    }
}
