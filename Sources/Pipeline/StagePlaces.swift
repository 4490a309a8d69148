internal import Corpus
internal import Yams

/// What the entries of a file's `stages` are called in messages: by their ids, where these are valid and tell them apart.
struct StagePlaces {
    /// The ids by the places of their entries, such as `stages[2]`.
    private var ids: [String: StageID] = [:]

    init(_ entries: [YAMLMapping]) {
        var uses: [StageID: Int] = [:]
        for entry in entries {
            guard let id = entry.node("id")?.string.flatMap({ StageID($0) }) else { continue }
            ids[entry.keyPath] = id
            uses[id, default: 0] += 1
        }
        ids = ids.filter { uses[$0.value] == 1 }
    }

    /// `stages[2].with.steps` as `sheared.with.steps`, like the places of problems that a plan finds.
    func named(_ keyPath: String) -> String {
        guard let end = keyPath.firstIndex(of: "]"), let id = ids[String(keyPath[...end])] else { return keyPath }
        return id.name + keyPath[keyPath.index(after: end)...]
    }
}
