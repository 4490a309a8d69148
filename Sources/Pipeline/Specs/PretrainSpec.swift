/// `kind: pretrain`: next-token training of a model, from random or from pruned weights.
public struct PretrainSpec: Encodable, Sendable, Equatable {
    /// The stage whose model is trained.
    public var start: StageID
    /// The stage whose packed rows are learned from.
    public var data: StageID
    public var training: TrainingSpec
    /// Follow a teacher's distributions; nil learns from the text alone.
    public var distill: DistillSpec?

    enum CodingKeys: String, CodingKey, CaseIterable { case start, data, distill }

    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(start, forKey: .start)
        try container.encode(data, forKey: .data)
        try container.encodeIfPresent(distill, forKey: .distill)
        try training.encode(to: encoder)
    }
}
