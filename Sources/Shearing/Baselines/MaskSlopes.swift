public import Corpus
internal import Torch
public import Transformer

/// First-order Taylor estimates of the loss change when a unit is masked, |dL/dmask| at masks of 1, mean over calibration
/// rows. Comparable between layers, which sizes of activations are not.
public struct MaskSlopes: Codable, Sendable, Equatable {
    /// Of each hidden channel, `[hidden]`.
    public let hidden_H: [Float]
    /// Of each query head, `[layers, query heads]`.
    public let heads_LQ: [Float]
    /// Of each neuron, `[layers, intermediate]`.
    public let intermediate_LM: [Float]
    /// Of the whole attention half of each layer, `[layers]`.
    public let attention_L: [Float]
    /// Of the whole feed-forward half of each layer, `[layers]`.
    public let feedForward_L: [Float]

    /// Measures a model on calibration batches, row by row, without touching its weights or their gradients.
    /// - Throws: `ShearingError.noCalibrationData` when no row has a counted target, `.torch`.
    public static func measured(_ model: LanguageModel, on batches: [TokenBatch]) throws(ShearingError) -> MaskSlopes {
        try calibrated(SlopeMeter(model.architecture), model, on: batches)
    }

    /// One score per variable of a family: a variable that stands for several heads has their sum.
    /// - Throws: `ShearingError.impossibleSettings` when the scores are of another model or not finite.
    func scores(of family: CoFiLayout.Family, _ layout: CoFiLayout) throws(ShearingError) -> [Float] {
        let scores: [Float] =
            switch family {
            case .hidden: hidden_H
            case .heads:
                stride(from: 0, to: heads_LQ.count, by: layout.headRepeats).map { start in
                    heads_LQ[start..<min(start + layout.headRepeats, heads_LQ.count)].reduce(0, +)
                }
            case .intermediate: intermediate_LM
            case .attention: attention_L
            case .feedForward: feedForward_L
            }
        let (rows, columns) = layout.shape(of: family)
        guard scores.count == rows * columns, scores.allSatisfy(\.isFinite) else {
            throw .impossibleSettings([
                "the slopes of \(family.rawValue) are \(scores.count) numbers, of which "
                    + "\(scores.count { !$0.isFinite }) not finite; expected \(rows * columns)"
            ])
        }
        return scores
    }
}

/// Sums of slopes over calibration rows, on the model's device in float32.
final class SlopeMeter: CalibrationMeter {
    private let architecture: Architecture
    private(set) var rowCount = 0
    /// Hidden, heads, intermediate, attention, feed-forward.
    private var sums: [Tensor] = []

    init(_ architecture: Architecture) { self.architecture = architecture }

    func add(row: CalibrationRow, through model: LanguageModel) throws(TorchError) {
        let layers = architecture.blocks.count
        var leaves: [Tensor] = []
        for shape in [
            [architecture.hiddenSize], [layers, architecture.widestQueryHeads],
            [layers, architecture.widestIntermediate],
        ] {
            let leaf = try Tensor.ones(shape, on: model.device)
            try leaf.setRequiresGradient(true)
            leaves.append(leaf)
        }
        let masks = LayerMasks(hidden_H: leaves[0], heads_LQ: leaves[1], intermediate_LM: leaves[2])
        let loss =
            try model.rowLosses(model.hidden(row.tokens, in: ForwardContext(masks: masks)), row.targets).sum()
            * (1 / Double(row.counted))
        let slopes = try Tensor.gradients(of: loss, for: leaves)
        var terms: [Tensor] = []
        for slope in slopes { if let slope { terms.append(try slope.abs()) } }
        for slope in slopes.dropFirst() { if let slope { terms.append(try slope.sum(over: [1]).abs()) } }
        if sums.isEmpty {
            sums = terms
        } else {
            for (index, term) in terms.enumerated() { sums[index] = try sums[index] + term }
        }
        rowCount += 1
    }

    func result() throws(TorchError) -> MaskSlopes {
        var means: [[Float]] = []
        for sum in sums { means.append(try (sum * (1 / Double(max(1, rowCount)))).floats()) }
        return MaskSlopes(
            hidden_H: means[0], heads_LQ: means[1], intermediate_LM: means[2], attention_L: means[3],
            feedForward_L: means[4])
    }
}
