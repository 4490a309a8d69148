public import Transformer

/// `kind: quantize`: a model with the weights of its projections in few bits.
public struct QuantizeSpec: Encodable, Sendable, Equatable {
    /// The stage whose model is quantised.
    public var from: StageID
    /// `int8` or `int4`.
    public var scheme: QuantizationScheme

    enum CodingKeys: String, CodingKey, CaseIterable { case from, scheme }
}
