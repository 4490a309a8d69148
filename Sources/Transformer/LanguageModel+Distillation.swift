public import Torch

extension LanguageModel {
    /// What following a teacher costs at each position, `[batch, time]` float32, 0 where the target is -1.
    public struct DistillationLosses {
        /// What is minimised, nats; differentiable in the student.
        public let loss_BT: Tensor
        /// The divergence from the teacher, nats times the squared temperature.
        public let divergence_BT: Tensor
        /// The cross-entropy of the targets, nats.
        public let crossEntropy_BT: Tensor
    }

    /// The losses of this model as the student of `teacher`: `share` times the forward divergence KL(teacher || student)
    /// of the next-token distributions plus `1 - share` times the cross-entropy of the targets. No gradient reaches the
    /// teacher, and float32 logits of all positions never exist (``Torch/Tensor/linearDistillation(_:_:teacher:_:targets:share:temperature:)``).
    /// - Parameters:
    ///   - hidden_BTH: What this model's ``hidden(_:in:)`` returned.
    ///   - targets_BT: `[batch, time]` integers; -1 does not count.
    ///   - teacherHidden_BTG: What the teacher's ``hidden(_:in:)`` returned for the same tokens, without gradients.
    ///   - share: 1 minimises the divergence alone.
    ///   - temperature: Divides the logits of both in the divergence.
    /// - Throws: `TorchError.invalidArgument` when shapes, vocabularies or compute types differ, `.index` for an unknown
    ///   target.
    public func distillationLosses(
        _ hidden_BTH: Tensor, _ targets_BT: Tensor, from teacher: LanguageModel, _ teacherHidden_BTG: Tensor,
        share: Double = 1, temperature: Double = 1
    ) throws(TorchError) -> DistillationLosses {
        let positions = targets_BT.shape
        guard hidden_BTH.rank == 3, Array(hidden_BTH.shape.dropLast()) == positions, teacherHidden_BTG.rank == 3,
            Array(teacherHidden_BTG.shape.dropLast()) == positions
        else {
            throw TorchError(
                code: .invalidArgument, operation: "LanguageModel.distillationLosses",
                message: "hidden states \(hidden_BTH.shape) and \(teacherHidden_BTG.shape) and targets \(positions) "
                    + "differ in rows or positions")
        }
        let losses = try Tensor.linearDistillation(
            hidden_BTH.reshaped([-1, architecture.hiddenSize]), head.value,
            teacher: teacherHidden_BTG.reshaped([-1, teacher.architecture.hiddenSize]), teacher.head.value,
            targets: targets_BT.to(.int64).reshaped([-1]), share: share, temperature: temperature)
        return try DistillationLosses(
            loss_BT: losses.loss.reshaped(positions), divergence_BT: losses.divergence.reshaped(positions),
            crossEntropy_BT: losses.crossEntropy.reshaped(positions))
    }
}
