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
    /// A model to one whose parts are usable models too.
    case superNetwork = "super_network"
    /// A super-network to the best of its parts, by several objectives at once.
    case search
    /// A part of a super-network to a model of its own.
    case extract
    /// A model to the same in few bits a weight.
    case quantize
    /// Domain losses of models.
    case evaluate
    /// A model to a folder for other programs.
    case export
    /// Measured models held against each other in a report.
    case compare

    /// What its artifact is.
    public var output: ArtifactKind {
        switch self {
        case .import, .prune, .pretrain, .extract, .quantize, .export: .model
        case .superNetwork: .superNetwork
        case .search: .front
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
    /// A Hugging Face folder at `model/` whose parts are usable, as `elastic.json` says.
    case superNetwork = "super_network"
    /// What a search has found: `front.json` and its `journal.csv`.
    case front
    /// A packed corpus at `corpus/`.
    case corpus
    /// Domain losses in `scores.json`.
    case scores
    /// A comparison in `report.html`, `comparison.json` and `comparison.csv`.
    case report

    public var description: String {
        switch self {
        case .model: "a model"
        case .superNetwork: "a super-network"
        case .front: "the front of a search"
        case .corpus: "a packed corpus"
        case .scores: "scores"
        case .report: "a report"
        }
    }
}
