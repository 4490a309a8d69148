internal import Corpus
internal import Evaluation
internal import Torch
internal import Transformer

/// What the micro-batches of a step run: the live part of the model under the step's masks where that is much smaller,
/// else the whole.
struct LiveStep {
    private var current: (step: Int, live: LiveModel)?

    /// Prepares `step`.
    /// - Parameter masks: Those of the step; `nil` runs the whole model.
    /// - Throws: `.outOfMemory`.
    mutating func begin(_ step: Int, _ model: LanguageModel, under masks: LayerMasks?) throws(TorchError) {
        end()
        if let masks, let live = try LiveModel(of: model, under: masks) { current = (step, live) }
    }

    /// Gives the memory of the live part back.
    mutating func end() { current = nil }

    /// Loss of each row, as `LanguageModel.rowLosses(of:masks:view:tape:)`.
    /// - Parameter masks: Those of the step, with their graph.
    /// - Throws: As that.
    func rowLosses(
        _ model: LanguageModel, of batch: TokenBatch, step: Int, masks: LayerMasks, tape: CheckpointTape?
    ) throws(TorchError) -> Tensor {
        guard let current, current.step == step else { return try model.rowLosses(of: batch, masks: masks, tape: tape) }
        return try current.live.model.rowLosses(of: batch, masks: current.live.masks(masks), tape: tape)
    }

    /// Brings the gradients of a backward pass to the whole model.
    /// - Throws: `.outOfMemory`.
    func takeGradients() throws(TorchError) { try current?.live.takeGradients() }
}
