/// What a stage does. The list is the registry: a new kind does not compile until every `switch` knows it.
public enum StageKind: String, Codable, Sendable, CaseIterable {
    /// Weights from outside, or random ones, to a model folder.
    case `import`
    /// Raw text to packed rows of token ids.
    case pack
    /// A model to a smaller one of an exact shape.
    case prune
    /// Next-token training of a model.
    case pretrain
    /// Domain losses of models.
    case evaluate
    /// A model to a folder for other programs.
    case export
    /// Measured models held against each other in a report.
    case compare

    /// What its artifact is.
    public var output: ArtifactKind {
        switch self {
        case .import, .prune, .pretrain, .export: .model
        case .pack: .corpus
        case .evaluate: .scores
        case .compare: .report
        }
    }
}

/// What an artifact holds.
public enum ArtifactKind: String, Codable, Sendable, CaseIterable, CustomStringConvertible {
    /// A Hugging Face folder at `model/`.
    case model
    /// A packed corpus at `corpus/`.
    case corpus
    /// Domain losses in `scores.json`.
    case scores
    /// A comparison in `report.html`, `comparison.json` and `comparison.csv`.
    case report

    public var description: String {
        switch self {
        case .model: "a model"
        case .corpus: "a packed corpus"
        case .scores: "scores"
        case .report: "a report"
        }
    }
}
