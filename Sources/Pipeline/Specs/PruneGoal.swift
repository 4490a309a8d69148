/// What pruning ends at. Which form it takes is the method's: see `PruneSpec.Method.goal`.
public enum PruneGoal: Encodable, Sendable, Equatable {
    /// An exact uniform shape.
    case shape(TargetSpec)
    /// So many of the source's layers, each as it is.
    case layers(Int)
    /// So many parameters in all, embeddings included; the method chooses the shape.
    case parameters(Int)

    /// The forms, without their numbers.
    public enum Form: Sendable, Equatable { case shape, layers, parameters }

    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .shape(let target): try target.encode(to: encoder)
        case .layers(let layers): try ["layers": layers].encode(to: encoder)
        case .parameters(let parameters): try ["parameters": parameters].encode(to: encoder)
        }
    }
}
