internal import Corpus
internal import Yams

/// One entry of a pipeline file's `stages`.
public struct StageDeclaration: Sendable, Equatable {
    public let id: StageID
    public let stage: Stage
    public let runtime: RuntimeSettings
    /// The entry's place in the file, such as `stages[2]`.
    let entry: String
    /// The file's line for each key path below the entry (`with.target.heads`); "" is the entry itself.
    let lines: [String: Int]
    /// The key paths below the entry that `--set` wrote.
    var overrides: [String] = []

    public var kind: StageKind { stage.kind }
    public var spec: any StageSpec { stage.spec }

    /// Whether a `--set` wrote the value of a key path below the entry, a part of it or something around it.
    func isOverridden(_ path: String) -> Bool {
        overrides.contains { $0 == path || path.isBelow($0) || $0.isBelow(path) }
    }

    /// The place of a key below `with:` in words; of `with:` itself when the key is "".
    func place(of key: String) -> String { key.isEmpty ? "\(id).with" : "\(id).with.\(key)" }

    /// The line of a key below `with:`, or of the nearest thing around it that stands in the file.
    func line(of key: String) -> Int? {
        var path = key.isEmpty ? "with" : "with." + key
        while true {
            if let line = lines[path] { return line }
            guard let dot = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return lines[""] }
            path = String(path[..<dot])
        }
    }
}

extension StageDeclaration {
    /// Decodes one entry of `stages`; nil, with problems noted, when it is wrong.
    init?(_ entry: YAMLMapping, seed: UInt64) {
        let id = entry.requiredStage("id")
        let kind = entry.requiredChoice("kind", as: StageKind.self)
        let runtime =
            entry.contains("runtime") ? entry.mapping("runtime").map { RuntimeSettings($0) } : RuntimeSettings()
        var stage: Stage?
        if let with = entry.requiredMapping("with") {
            stage = kind.flatMap { $0.spec(from: with, seed: seed) }
            if let stage {
                for problem in stage.spec.problems() {
                    StageDeclaration.note(problem.keyPath, problem.reason, below: with)
                }
            }
        }
        entry.finish()
        guard let id, let stage, let runtime else { return nil }
        var lines: [String: Int] = [:]
        entry.collectLines(into: &lines, below: "")
        self.init(id: id, stage: stage, runtime: runtime, entry: entry.keyPath, lines: lines)
    }

    private static func note(_ keyPath: String, _ reason: String, below map: YAMLMapping) {
        var map = map
        var parts = keyPath.split(separator: ".").map(String.init)
        while parts.count > 1, case .mapping? = map.node(parts[0]), let below = map.mapping(parts[0]) {
            map = below
            parts.removeFirst()
        }
        map.note(parts.joined(separator: "."), reason)
    }
}

extension String {
    /// Whether a key path lies below another: `with.tasks[0]` below `with.tasks`.
    func isBelow(_ path: String) -> Bool { hasPrefix(path + ".") || hasPrefix(path + "[") }
}

extension YAMLMapping {
    /// The line of every key below, by its path; of as many levels as any stage has.
    fileprivate func collectLines(into lines: inout [String: Int], below path: String, levels: Int = 8) {
        lines[path] = mark?.line
        for key in keys {
            guard let value = node(key) else { continue }
            let place = path.isEmpty ? key : path + "." + key
            lines[place] = value.mark?.line
            if case .mapping = value, levels > 1 {
                mapping(key)?.collectLines(into: &lines, below: place, levels: levels - 1)
            }
        }
    }
}
