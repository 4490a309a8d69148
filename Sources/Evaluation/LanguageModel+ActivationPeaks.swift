public import Corpus
public import Torch
public import Transformer

extension LanguageModel {
    /// The largest magnitude that each channel read by a projection reaches on `batches`, from forward passes row by row.
    /// - Throws: `TorchError.index` for an unknown token, `.outOfMemory`.
    public func activationPeaks(on batches: [TokenBatch]) throws(TorchError) -> ActivationPeaks {
        var peaks = ActivationPeaks()
        let context = ForwardContext(observe: { (site, tensor) throws(TorchError) in try peaks.observe(site, tensor) })
        try withoutGradients { () throws(TorchError) in
            for batch in batches {
                let tokens = try Tensor(batch.tokens, shape: [batch.rows, batch.columns], on: device)
                for row in 0..<batch.rows { _ = try hidden(tokens.narrowed(0, from: row, count: 1), in: context) }
            }
        }
        return peaks
    }
}
