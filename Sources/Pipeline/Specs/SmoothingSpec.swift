internal import Transformer

/// Smoothing before quantisation: activations are measured on packed text, and channels scaled between what makes them and
/// what reads them.
public struct SmoothingSpec: Encodable, Sendable, Equatable {
    /// The packed corpus whose training rows are run.
    public var data: StageID
    /// 0...1: how much of the activations' spread goes into the weights.
    public var strength: Double
    /// Batches of `calibrationRows` rows, all domains alike.
    public var calibrationBatches: Int
    /// Rows of a batch.
    public var calibrationRows: Int

    enum CodingKeys: String, CodingKey, CaseIterable {
        case data, strength
        case calibrationBatches = "calibration_batches"
        case calibrationRows = "calibration_rows"
    }

    /// The stage it reads, as a need of the stage that holds it at `smoothing`.
    var need: StageNeed { StageNeed(key: "smoothing.data", stage: data, kind: .corpus) }

    /// What measuring takes: tokens and the operations of their forward passes.
    func cost(of model: Architecture, sequenceLength: Int) -> (tokens: Int, operations: Double) {
        let tokens = boundedProduct(calibrationBatches, calibrationRows, sequenceLength)
        return (tokens, Double(tokens) * CostModel(model).forwardFLOPsPerToken(sequenceLength: sequenceLength))
    }
}
