/// Distillation as an option of training: whom the student follows, and how closely.
public struct DistillSpec: Encodable, Sendable, Equatable {
    /// The stage whose frozen model is the teacher; any depth and hidden size, but the student's vocabulary.
    public var teacher: StageID
    /// The share of the divergence in the loss; the rest is the cross-entropy of the text.
    public var weight: Double
    /// Divides the logits of both in the divergence.
    public var temperature: Double

    enum CodingKeys: String, CodingKey, CaseIterable { case teacher, weight, temperature }

    /// The stage it reads, as a need of the stage that holds it at `distill`.
    var need: StageNeed { StageNeed(key: "distill.teacher", stage: teacher, kind: .model) }
}
