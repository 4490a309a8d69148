public import Torch
public import Transformer

/// How many variables of a row a deterministic mask removes: its expected number, rounded (Sheared-LLaMA,
/// arXiv 2310.06694), or the target's.
public enum MaskSize: String, Codable, Sendable {
    /// As many as the expected sparsity says now: what an evaluation in the middle of pruning measures.
    case current
    /// Exactly as many as the target says: what carving uses.
    case target
}

/// Masks without chance: removed elements are 0, kept ones hold the value that carving folds into the weights.
///
/// A family that is absent keeps everything.
public struct DeterministicMasks: Sendable, Equatable {
    /// Layouts of the families that have masks, in the order of `MaskFamily`.
    public let families: [MaskRows]
    /// Per family its values, `[rows, columns]` row by row; 0 = removed, else in (0, 1].
    public let values: [MaskFamily: [Float]]

    /// Masks of the given values.
    /// - Throws: `ShearingError.maskShape` when a family's values are not one per variable.
    public init(families: [MaskRows], values: [MaskFamily: [Float]]) throws(ShearingError) {
        for rows in families {
            let found = values[rows.family]?.count ?? 0
            guard found == rows.count else {
                throw .maskShape(family: rows.family, expected: [rows.rows, rows.columns], found: [found])
            }
        }
        self.families = families.sorted { $0.family < $1.family }
        self.values = values
    }

    /// The layout of a family, or nil when it keeps everything.
    public func layout(of family: MaskFamily) -> MaskRows? { families.first { $0.family == family } }

    /// The family's mask as the forward pass reads it, flattened from `MaskRows.shape`; nil when it keeps everything.
    public func elements(of family: MaskFamily) -> [Float]? {
        guard let rows = layout(of: family), let values = values[family] else { return nil }
        guard rows.repeats > 1 else { return values }
        return values.flatMap { [Float](repeating: $0, count: rows.repeats) }
    }

    /// The masks as tensors, float32.
    /// - Throws: `TorchError` when the device is out of memory.
    public func layerMasks(on device: Device = .cpu) throws(TorchError) -> LayerMasks {
        func tensor(_ family: MaskFamily) throws(TorchError) -> Tensor? {
            guard let rows = layout(of: family), let elements = elements(of: family) else { return nil }
            return try Tensor(elements, shape: rows.shape).to(device)
        }
        return try LayerMasks(
            hidden_H: tensor(.hidden), heads_LQ: tensor(.heads), intermediate_LM: tensor(.intermediate),
            layers_L: tensor(.layer))
    }

    /// Columns of each row that stay, ascending.
    public func keptColumns(of family: MaskFamily) -> [[Int]] {
        guard let rows = layout(of: family), let values = values[family] else { return [] }
        return (0..<rows.rows).map { row in
            (0..<rows.columns).filter { values[row * rows.columns + $0] != 0 }
        }
    }
}

/// Selection of a row's largest scores.
enum TopK {
    /// Marks the `count` largest scores of each row; among equal scores the lower column stays.
    /// - Returns: One truth value per score.
    static func kept(_ scores: [Float], columns: Int, counts: (_ row: Int) -> Int) -> [Bool] {
        var kept = [Bool](repeating: false, count: scores.count)
        for row in 0..<(scores.count / columns) {
            for index in order(scores, row: row, columns: columns).prefix(counts(row)) { kept[index] = true }
        }
        return kept
    }

    /// Indices of one row's scores from the largest down; among equal ones the lower column first.
    static func order(_ scores: [Float], row: Int, columns: Int) -> [Int] {
        (row * columns..<(row + 1) * columns).sorted { left, right in
            scores[left] > scores[right] || (scores[left] == scores[right] && left < right)
        }
    }

    /// The first score that is NaN or infinite, as (row, column).
    static func firstNonFinite(_ scores: [Float], columns: Int) -> (row: Int, column: Int)? {
        scores.firstIndex { !$0.isFinite }.map { ($0 / columns, $0 % columns) }
    }
}
