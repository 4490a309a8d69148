internal import Corpus
internal import Evaluation
internal import Torch
internal import Transformer

/// What the micro-batches of a step run: the live part of the model under the step's masks where that is much smaller,
/// else the whole.
struct LiveStep {
    private var live: LiveModel?

    /// Prepares a step; the part of the one before goes first.
    /// - Parameter masks: Those of the step; `nil` runs the whole model.
    mutating func begin(_ model: LanguageModel, under masks: LayerMasks?) throws(TorchError) {
        live = nil
        if let masks { live = try LiveModel(of: model, under: masks) }
    }

    /// Loss of each row, as `LanguageModel.rowLosses(of:masks:view:tape:)`.
    /// - Parameter masks: Those of the step, with their graph.
    func rowLosses(
        _ model: LanguageModel, of batch: TokenBatch, masks: LayerMasks, tape: CheckpointTape?
    ) throws(TorchError) -> Tensor {
        guard let live else { return try model.rowLosses(of: batch, masks: masks, tape: tape) }
        return try live.model.rowLosses(of: batch, masks: live.masks(masks), tape: tape)
    }

    /// Brings the gradients of a backward pass to the whole model.
    func takeGradients() throws(TorchError) { try live?.takeGradients() }
}
