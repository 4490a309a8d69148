public import Transformer

/// `kind: quantize`: a model with the weights of its projections in few bits.
public struct QuantizeSpec: Encodable, Sendable, Equatable {
    /// The stage whose model is quantised.
    public var from: StageID
    /// `int8` or `int4`.
    public var scheme: QuantizationScheme
    /// For `int8`, whose activations are rounded too; nil rounds them as they are.
    public var smoothing: SmoothingSpec?

    enum CodingKeys: String, CodingKey, CaseIterable { case from, scheme, smoothing }
}
