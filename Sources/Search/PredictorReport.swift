/// Which predictor stood in for an objective in a round, and how well it ordered genomes it had not seen.
public struct PredictorReport: Codable, Sendable, Equatable {
    /// The objective.
    public let objective: String
    /// `ridge` or `svr`, with the settings that were best.
    public let model: String
    /// Kendall's tau between its cross-validated predictions and the measured values.
    public let rankCorrelation: Double
    /// The number of measured genomes it learnt from.
    public let sampleCount: Int
}
