/// `kind: evaluate`: domain losses of models on the validation rows of a packed corpus.
public struct EvaluateSpec: Encodable, Sendable, Equatable {
    /// The stages whose models are measured, in the order of the table.
    public var models: [StageID]
    /// The stage whose validation rows are taken.
    public var data: StageID
    /// Rows per domain; 0 takes all.
    public var rows: Int
    public var precision: TrainingSpec.Precision

    enum CodingKeys: String, CodingKey, CaseIterable { case models, data, rows, precision }
}
