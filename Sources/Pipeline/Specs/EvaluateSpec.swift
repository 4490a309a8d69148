/// `kind: evaluate`: domain losses of models on the validation rows of a packed corpus.
public struct EvaluateSpec: Encodable, Sendable, Equatable {
    /// The stages whose models are measured, in the order of the table.
    public var models: [StageID]
    /// The stage whose validation rows are taken.
    public var data: StageID
    /// Which rows of each domain.
    public var rows: RowRange
    public var precision: TrainingSpec.Precision

    enum CodingKeys: String, CodingKey, CaseIterable { case models, data, rows, precision }
}
