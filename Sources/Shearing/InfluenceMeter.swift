internal import Torch
internal import Transformer

/// Sums of block influence over calibration rows: 1 - cosine of the stream before and after each block, mean over
/// positions (ShortGPT, arXiv 2403.03853).
struct InfluenceMeter {
    private var sums: [Tensor?]
    private var stream_BTH: Tensor?

    init(layers: Int) { sums = [Tensor?](repeating: nil, count: layers) }

    /// Forgets the stream of the row before.
    mutating func begin() { stream_BTH = nil }

    /// Takes note of the stream at the sites where it is told; others pass.
    mutating func observe(_ site: ActivationSite, _ tensor: Tensor) throws(TorchError) {
        switch site {
        case .embedding: stream_BTH = tensor
        case .stream(let block):
            if let before = stream_BTH {
                let term = try Self.influence(before, tensor)
                if let sum = sums[block] { sums[block] = try sum + term } else { sums[block] = term }
            }
            stream_BTH = tensor
        default: break
        }
    }

    /// The mean over `rows` rows of each layer; 0 where nothing was seen.
    func result(_ rows: Int) throws(TorchError) -> [Float] {
        let scale = 1 / Float(max(1, rows))
        var scores: [Float] = []
        for sum in sums { scores.append(Float(try sum?.item() ?? 0) * scale) }
        return scores
    }

    private static func influence(_ before: Tensor, _ after: Tensor) throws(TorchError) -> Tensor {
        let (a, b) = try (before.to(.float32), after.to(.float32))
        let product = try (a * b).sum(over: [2])
        let sizes = try (a.squared().sum(over: [2]) * b.squared().sum(over: [2])).sqrt()
        return try 1 - (product / sizes.clamped(min: 1e-12)).mean()
    }
}
