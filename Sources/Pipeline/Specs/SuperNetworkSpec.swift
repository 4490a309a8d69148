public import SuperNetwork

/// `kind: super_network`: one training of a model and of random parts of it, after which every part is usable.
public struct SuperNetworkSpec: Encodable, Sendable, Equatable {
    /// The stage whose model is trained.
    public var start: StageID
    /// The stage whose packed rows are learned from.
    public var data: StageID
    public var space: ElasticSpaceSpec
    /// In which order parts are given up.
    public var order: Order
    /// Layers at each end that no sub-network drops; with `order: importance` only.
    public var protectedLayers: Int
    /// Training batches on which importance is measured.
    public var calibrationBatches: Int
    /// Rows of each of them.
    public var calibrationRows: Int
    /// The networks of a step.
    public var schedule: ElasticSettings.Schedule
    /// Random sub-networks of a step that has any.
    public var subNetworks: Int
    /// Numbers of parameters that some sub-network must have within 1 percent; the plan refuses a space without.
    public var reaches: [Int]
    /// Follow a teacher's distributions; nil learns from the text alone.
    public var distill: DistillSpec?
    public var training: TrainingSpec

    /// In which order parts are given up.
    public enum Order: String, Encodable, Sendable, CaseIterable {
        /// By measured importance: the least active neurons and the least influential layers first.
        case importance
        /// As they stand: the last neurons and the last layers first.
        case unchanged
    }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case start, data, space, order
        case protectedLayers = "protected_layers"
        case calibrationBatches = "calibration_batches"
        case calibrationRows = "calibration_rows"
        case schedule
        case subNetworks = "sub_networks"
        case reaches, distill
    }

    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(start, forKey: .start)
        try container.encode(data, forKey: .data)
        try container.encode(space, forKey: .space)
        try container.encode(order, forKey: .order)
        try container.encode(protectedLayers, forKey: .protectedLayers)
        try container.encode(calibrationBatches, forKey: .calibrationBatches)
        try container.encode(calibrationRows, forKey: .calibrationRows)
        try container.encode(schedule, forKey: .schedule)
        try container.encode(subNetworks, forKey: .subNetworks)
        try container.encode(reaches, forKey: .reaches)
        try container.encodeIfPresent(distill, forKey: .distill)
        try training.encode(to: encoder)
    }
}
