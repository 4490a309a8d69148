public import Corpus
internal import Torch
public import Transformer

/// How importance is measured. Layers score by block influence in any case: 1 - cosine of the stream before and after a
/// layer, mean over tokens.
public enum ImportanceMeasure: Sendable, Hashable {
    /// Mean size over all tokens of hidden channels (summed over norms) and of neurons; of heads the first-order Taylor
    /// estimate of the loss change when one is removed, |dL/dmask|, which takes a backward pass.
    case taylorHeads
    /// Minitron's sizes of activations, from forward passes alone: see `ActivationMeter`.
    case activations
}

/// How much each prunable unit of a model matters on some text. Only the order of the scores within a row is used.
public struct Importance: Codable, Sendable, Equatable {
    /// Of each channel of the stream, `[hidden]`.
    public let hidden_H: [Float]
    /// Of each query head, `[layers, query heads]`.
    public let heads_LQ: [Float]
    /// Of each inner feed-forward channel, `[layers, intermediate]`.
    public let intermediate_LM: [Float]
    /// Of each layer, `[layers]`.
    public let layers_L: [Float]

    /// Scores from elsewhere; each array row by row.
    public init(hidden_H: [Float], heads_LQ: [Float], intermediate_LM: [Float], layers_L: [Float]) {
        self.hidden_H = hidden_H
        self.heads_LQ = heads_LQ
        self.intermediate_LM = intermediate_LM
        self.layers_L = layers_L
    }

    /// One score per variable of a family: a variable that stands for a group of heads has their sum.
    /// - Throws: `ShearingError.maskShape` when the scores are of another model, `.notFinite`.
    public func scores(for rows: MaskRows) throws(ShearingError) -> [Float] {
        let elements: [Float] =
            switch rows.family {
            case .hidden: hidden_H
            case .heads: heads_LQ
            case .intermediate: intermediate_LM
            case .layer: layers_L
            }
        guard elements.count == rows.count * rows.repeats else {
            throw .maskShape(family: rows.family, expected: rows.shape, found: [elements.count])
        }
        let scores = stride(from: 0, to: elements.count, by: rows.repeats).map { start in
            elements[start..<start + rows.repeats].reduce(0, +)
        }
        if let place = TopK.firstNonFinite(scores, columns: rows.columns) {
            throw .notFinite(family: rows.family, row: place.row, column: place.column)
        }
        return scores
    }

    /// Measures a model on calibration batches, row by row, without touching its weights or their gradients.
    /// - Throws: `ShearingError.noCalibrationData` when no row has a counted target, `.torch`.
    public static func measured(
        _ model: LanguageModel, on batches: [TokenBatch], by measure: ImportanceMeasure = .taylorHeads
    ) throws(ShearingError) -> Importance {
        switch measure {
        case .taylorHeads: try calibrated(ImportanceMeter(model.architecture), model, on: batches)
        case .activations: try calibrated(ActivationMeter(model.architecture), model, on: batches)
        }
    }
}
