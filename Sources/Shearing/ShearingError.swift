public import Torch
public import Transformer

/// What can stop masks from being learned, read or carved.
public enum ShearingError: Error, Sendable {
    /// The target cannot be carved out of the source; one sentence per problem.
    case impossibleTarget([String])
    /// Settings of pruning that make no sense; one sentence per problem.
    case impossibleSettings([String])
    /// A log-alpha or an importance score of `family` is NaN or infinite at `row`, `column`.
    case notFinite(family: MaskFamily, row: Int, column: Int)
    /// Masks of another shape than the model's were given.
    case maskShape(family: MaskFamily, expected: [Int], found: [Int])
    /// A weight's axis does not have the size that the architecture says.
    case weightShape(name: String, expected: [Int], found: [Int])
    /// The head groups of one layer keep different numbers of query heads, which no Llama model can describe.
    case unevenGroups(layer: Int, heads: [Int])
    /// The masks select another shape than the target.
    case notTarget(expected: Architecture, found: Architecture)
    /// Calibration needs at least one batch with counted targets.
    case noCalibrationData
    /// A masks file lacks something or holds something else than expected.
    case masksFile(path: String, found: String, expected: String)
    case torch(TorchError)
    case transformer(TransformerError)
}

extension ShearingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .impossibleTarget(let problems):
            "the target architecture does not fit the source: " + problems.joined(separator: "; ")
        case .impossibleSettings(let problems):
            "the pruning settings make no sense: " + problems.joined(separator: "; ")
        case .notFinite(let family, let row, let column):
            "the \(family.rawValue) masks are not finite at row \(row), column \(column); lower the mask rate or restart from an earlier checkpoint"
        case .maskShape(let family, let expected, let found):
            "the \(family.rawValue) mask has shape \(found), the model needs \(expected); use masks made for this model"
        case .weightShape(let name, let expected, let found):
            "the weight \(name) has shape \(found), its architecture says \(expected)"
        case .unevenGroups(let layer, let heads):
            "layer \(layer) keeps \(heads) query heads in its key-value groups; every group must keep equally many, so select by the target size"
        case .notTarget(let expected, let found):
            "the masks select \(Self.shape(found)), the target is \(Self.shape(expected)); select by the target size"
        case .noCalibrationData:
            "importance needs at least one calibration batch with targets; give a corpus with training rows"
        case .masksFile(let path, let found, let expected):
            "\(path) is not a masks file of this model: found \(found), expected \(expected)"
        case .torch(let error): "\(error)"
        case .transformer(let error): "\(error)"
        }
    }

    private static func shape(_ architecture: Architecture) -> String {
        let blocks = Set(architecture.blocks).map {
            "\($0.queryHeads)/\($0.keyValueHeads) heads and intermediate size \($0.intermediateSize)"
        }
        return
            "\(architecture.blocks.count) layers of hidden size \(architecture.hiddenSize) with \(blocks.sorted().joined(separator: ", "))"
    }
}

/// Runs tensor operations, their errors wrapped.
func withTorch<R>(_ body: () throws(TorchError) -> R) throws(ShearingError) -> R {
    do throws(TorchError) { return try body() } catch { throw .torch(error) }
}
