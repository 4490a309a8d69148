public import Corpus
internal import Evaluation
internal import Torch
public import Transformer

/// Next-token training that follows the distributions of a frozen teacher: forward KL of the logits, mixed with
/// cross-entropy when asked (Hinton et al., arXiv 1503.02531; Minitron, arXiv 2407.14679, section 3).
///
/// All weights of the student are one group. The loss that the trainer reports is the mixed one; its parts stand in the
/// metrics as `distill/divergence` and `distill/cross_entropy`, nats per counted token. Evaluations measure plain
/// cross-entropy.
public struct DistillationObjective: Objective {
    public let parameterGroups: [ParameterGroup]
    /// Whom the student follows.
    public let teacher: Teacher

    /// - Parameters:
    ///   - model: Whose weights are trained.
    ///   - teacher: A model of the same vocabulary and compute type on the same device; hidden size and depth are free.
    ///   - rate: The peak rate; `nil`: the training settings'.
    /// - Throws: `TrainingError.setting` when the two do not go together or a setting cannot be meant.
    public init(
        _ model: LanguageModel, teacher: LanguageModel, settings: DistillationSettings = DistillationSettings(),
        rate: Double? = nil
    ) throws(TrainingError) {
        self.teacher = try Teacher(teacher, settings: settings, of: model)
        parameterGroups = [ParameterGroup(name: "weights", parameters: model.parameters, rate: rate)]
    }

    public mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss {
        let counted = batch.rowTokens.reduce(0, +)
        return try withTorch { () throws(TorchError) in
            let losses = try teacher.losses(
                of: model, model.hidden(of: batch, tape: tape), on: batch, known: teacher.hidden(of: batch))
            let perToken = 1 / Double(max(counted, 1))
            return try ObjectiveLoss(
                rowSums_B: losses.loss_BT.sum(over: [1]),
                scalars: [
                    ("distill/divergence", losses.divergence_BT.sum() * perToken),
                    ("distill/cross_entropy", losses.crossEntropy_BT.sum() * perToken),
                ])
        }
    }
}
