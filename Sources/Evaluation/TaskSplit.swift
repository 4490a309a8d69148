internal import Corpus

/// Which questions of a task file are asked.
///
/// A search must not choose by the questions on which its result is reported: the best of many noisy candidates looks
/// better there than it is. Which half a question belongs to depends on its `id` alone, so the halves stay what they
/// are when a file grows, and are the same for all models and on all machines.
public enum TaskSplit: String, Codable, Sendable, CaseIterable {
    /// The half that a search may look at.
    case search
    /// The half that is reported.
    case report
    /// Both: for models that no search has chosen.
    case all

    /// Whether a question of this id is asked.
    public func contains(_ id: String) -> Bool { self == .all || self == TaskSplit.half(of: id) }

    /// The half of a question: the lowest bit of the stream `task-split/<id>` of seed 0.
    static func half(of id: String) -> TaskSplit {
        var stream = RandomStream(seed: 0, name: "task-split/" + id)
        return stream.next() & 1 == 0 ? .search : .report
    }
}
