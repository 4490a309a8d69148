public import Corpus
internal import Evaluation
internal import Torch
public import Transformer

/// Plain next-token prediction: all weights of a model, one group.
public struct NextTokenObjective: Objective {
    public let parameterGroups: [ParameterGroup]

    /// - Parameters:
    ///   - model: Whose weights are trained.
    ///   - rate: The peak rate; `nil`: the settings'.
    public init(_ model: LanguageModel, rate: Double? = nil) {
        parameterGroups = [ParameterGroup(name: "weights", parameters: model.parameters, rate: rate)]
    }

    public mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss {
        try withTorch { () throws(TorchError) in ObjectiveLoss(rowSums_B: try model.rowLosses(of: batch, tape: tape)) }
    }
}
