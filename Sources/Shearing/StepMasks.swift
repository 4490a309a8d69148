internal import Corpus
internal import Evaluation
internal import Torch
internal import Transformer

/// Masks that are drawn anew at each step.
protocol DrawnMasks {
    /// The noise of a step.
    func noise(at step: Int) throws(TorchError) -> MaskNoise
    /// Masks under that noise, differentiable in the log-alphas.
    func drawn(with noise: MaskNoise) throws(TorchError) -> LayerMasks
}

extension PruningMasks: DrawnMasks {}
extension CoFiMasks: DrawnMasks {}

/// What the micro-batches of a step share: the noise of its masks, drawn once, and what they run: the live part of the model
/// under those masks where that is much smaller, else the whole.
struct StepMasks<Masks: DrawnMasks> {
    private let masks: Masks
    private let skipsMaskedUnits: Bool
    private var current: (noise: MaskNoise, live: LiveModel?)?

    /// - Parameter skipsMaskedUnits: Whether there are live parts at all.
    init(_ masks: Masks, skipsMaskedUnits: Bool) {
        self.masks = masks
        self.skipsMaskedUnits = skipsMaskedUnits
    }

    /// Prepares `step`.
    /// - Throws: `.outOfMemory`.
    mutating func begin(_ step: Int, _ model: LanguageModel) throws(TorchError) {
        forget()
        let masks = masks
        let noise = try masks.noise(at: step)
        let live =
            skipsMaskedUnits
            ? try LiveModel(
                of: model, under: withoutGradients { () throws(TorchError) in try masks.drawn(with: noise) }) : nil
        current = (noise, live)
    }

    /// Gives the memory of the step back; the next one draws anew, whatever its number.
    mutating func forget() { current = nil }

    /// Loss of each row under the masks of `step`, as `LanguageModel.rowLosses(of:masks:view:tape:)`.
    /// - Throws: As that.
    mutating func rowLosses(
        _ model: LanguageModel, of batch: TokenBatch, step: Int, tape: CheckpointTape?
    ) throws(TorchError) -> Tensor {
        if current?.noise.step != step { current = (try masks.noise(at: step), nil) }
        guard let current else { preconditionFailure("a step has just been begun") }
        let drawn = try masks.drawn(with: current.noise)
        guard let live = current.live else { return try model.rowLosses(of: batch, masks: drawn, tape: tape) }
        return try live.model.rowLosses(of: batch, masks: live.masks(drawn), tape: tape)
    }

    /// Brings the gradients of a backward pass to the whole model.
    /// - Throws: `.outOfMemory`.
    func takeGradients() throws(TorchError) { try current?.live?.takeGradients() }
}
