public import Evaluation

/// What a stage looks at of held-out data. What a search has chosen by must not be what its choice is reported on: the
/// best of many candidates looks better there than it is.
public struct HeldOutUse: Sendable, Equatable {
    /// For what it looks.
    public enum Purpose: Sendable, Equatable {
        /// To choose among candidates.
        case search
        /// To say what the models it names are worth.
        case report
    }

    /// Validation rows of a packed corpus.
    public struct Corpus: Sendable, Equatable {
        /// The stage that packed them.
        public var data: StageID
        public var rows: RowRange
        /// The key below `with:` that names the rows.
        public var key: String
    }

    /// Questions of a task file.
    public struct Task: Sendable, Equatable {
        /// The file.
        public var path: String
        public var split: TaskSplit
        /// The key below `with:` that names them.
        public var key: String
    }

    public var purpose: Purpose
    public var corpora: [Corpus] = []
    public var tasks: [Task] = []
}
