internal import Torch

/// Where log-alphas start.
public enum MaskStart: String, Codable, Sendable, CaseIterable {
    /// Normal(5, 0.01), which the paper's bound cuts to 4.605: all alike, the choice is learned (Louizos et al.,
    /// arXiv 1712.01312; the values of Sheared-LLaMA's code).
    case uniform
    /// In each row spread evenly in the order of measured importance.
    case importance

    /// Log-alphas `[rows, columns]` of a uniform start, drawn from `generator`; beyond the upper bound.
    static func uniformLogAlpha(_ rows: MaskRows, generator: RandomGenerator) throws(TorchError) -> Tensor {
        try Tensor.normal([rows.rows, rows.columns], mean: 5, deviation: 0.01, generator: generator)
    }

    /// Log-alphas of an importance start: each row's ranks spread evenly over `center - span ... center + span`, the
    /// least important lowest.
    static func rankedLogAlpha(_ scores: [Float], rows: MaskRows, center: Double, span: Double) -> [Float] {
        var values = [Float](repeating: 0, count: rows.count)
        for row in 0..<rows.rows {
            for (rank, index) in TopK.order(scores, row: row, columns: rows.columns).enumerated() {
                let share = Double(rank) / Double(max(1, rows.columns - 1))
                values[index] = Float(center + span * (1 - 2 * share))
            }
        }
        return values
    }
}
