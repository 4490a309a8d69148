public import Corpus
public import Torch
public import Transformer

extension LanguageModel {
    /// Cross-entropy of each row of `batch`, float32 `[rows]`: nats summed over the row's counted targets, differentiable.
    /// - Parameters:
    ///   - batch: Host memory; it is copied to the model's device.
    ///   - masks: `nil` masks nothing.
    ///   - view: Which blocks and neurons run; `nil`: all.
    ///   - tape: Where block inputs are recorded, so that the backward pass runs the blocks again; `nil` keeps what they made.
    /// - Throws: `TorchError.index` for an unknown token, `.outOfMemory`.
    public func rowLosses(
        of batch: TokenBatch, masks: LayerMasks? = nil, view: SubNetworkView? = nil, tape: CheckpointTape? = nil
    ) throws(TorchError) -> Tensor {
        try rowLosses(try hidden(of: batch, masks: masks, view: view, tape: tape), try targets(of: batch))
    }

    /// The stream of `batch` after the final norm, `[rows, columns, hidden]` in the compute type; parameters as
    /// of `rowLosses(of:masks:view:tape:)`.
    /// - Throws: `TorchError.index` for an unknown token, `.outOfMemory`.
    public func hidden(
        of batch: TokenBatch, masks: LayerMasks? = nil, view: SubNetworkView? = nil, tape: CheckpointTape? = nil
    ) throws(TorchError) -> Tensor {
        let shape = [batch.rows, batch.columns]
        var context = ForwardContext(masks: masks, view: view, checkpointing: tape)
        if let segments = batch.segments { context.segments = try Tensor(segments, shape: shape, on: device) }
        return try hidden(try Tensor(batch.tokens, shape: shape, on: device), in: context)
    }

    /// The targets of `batch` on the model's device, `[rows, columns]` Int32; -1 does not count.
    /// - Throws: `TorchError.outOfMemory`.
    public func targets(of batch: TokenBatch) throws(TorchError) -> Tensor {
        try Tensor(batch.targets, shape: [batch.rows, batch.columns], on: device)
    }
}

extension TokenBatch {
    /// The number of counted targets of each row.
    public var rowTokens: [Int] {
        (0..<rows).map { row in targets[row * columns..<(row + 1) * columns].reduce(0) { $0 + ($1 >= 0 ? 1 : 0) } }
    }
}
