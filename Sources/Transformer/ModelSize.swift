public import Torch

/// Exact bytes of an architecture's weights by the form they are stored in; no weights are needed.
public struct ModelSize: Sendable, Hashable {
    /// Weights of the projections in blocks: what is quantised.
    public let projectionElements: Int
    /// All other weights: embedding, untied head, norms, biases.
    public let otherElements: Int
    /// Output channels of all projections: the scales of `int8`.
    public let projectionOutputs: Int
    private let int4ProjectionBytes: Int

    /// The sizes of an architecture; of a part of a model by `architecture.viewed(by:)`.
    public init(_ architecture: Architecture) {
        let entries = WeightTable(architecture).entries
        let projections = entries.filter(\.isProjection)
        projectionElements = projections.reduce(0) { $0 + $1.elementCount }
        otherElements = entries.reduce(0) { $0 + $1.elementCount } - projectionElements
        projectionOutputs = projections.reduce(0) { $0 + $1.shape[0] }
        int4ProjectionBytes = projections.reduce(0) {
            $0 + ModelSize.int4Bytes(outputs: $1.shape[0], inputs: $1.shape[1])
        }
    }

    /// All weights in one dense type.
    public func bytes(_ dtype: DType) -> Int { (projectionElements + otherElements) * dtype.bytes }

    /// Projections quantised with their scales, the rest at 2 bytes.
    public func quantizedBytes(_ scheme: QuantizationScheme) -> Int {
        let rest = 2 * otherElements
        return switch scheme {
        case .int8: projectionElements + 4 * projectionOutputs + rest
        case .int4: int4ProjectionBytes + rest
        }
    }

    private static func int4Bytes(outputs: Int, inputs: Int) -> Int {
        guard let group = QuantizationScheme.groupSize(inputs: inputs) else { return 2 * outputs * inputs }
        return outputs * inputs / 2 + 4 * outputs * (inputs / group)
    }
}

extension WeightEntry {
    /// Whether this is the matrix of a projection in a block.
    public var isProjection: Bool {
        switch role {
        case .query, .key, .value, .output, .gate, .up, .down: true
        default: false
        }
    }
}
