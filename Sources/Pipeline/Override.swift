internal import Corpus
internal import Yams

/// One `--set stage.key=value`, put into the document before it is decoded, so that the same rules hold for it.
struct Override {
    let text: String
    /// The place in the document, such as `stages[2].with.steps`; "" when there is none.
    private(set) var keyPath = ""
    private(set) var problem: SpecProblem?

    /// Applies the override to the document; a failure is kept in `problem`.
    init(_ text: String, in top: inout Node) {
        self.text = text
        if let reason = apply(to: &top) {
            problem = SpecProblem(file: "--set \(text)", line: nil, keyPath: "", reason: reason)
        }
    }

    /// Whether a problem's place lies in what this override wrote.
    func covers(_ place: String) -> Bool {
        !keyPath.isEmpty && (place == keyPath || place.isBelow(keyPath))
    }

    /// The key path that it wrote below an entry such as `stages[2]`: `with.steps`; nil when it wrote elsewhere.
    func path(below entry: String) -> String? {
        keyPath.hasPrefix(entry + ".") ? String(keyPath.dropFirst(entry.count + 1)) : nil
    }

    /// The problem as one of this override.
    func attribute(_ problem: SpecProblem) -> SpecProblem {
        SpecProblem(file: "--set \(text)", line: nil, keyPath: problem.keyPath, reason: problem.reason)
    }

    private mutating func apply(to top: inout Node) -> String? {
        guard let equals = text.firstIndex(of: "=") else { return "wants the form stage.key=value" }
        let path = text[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard !path.contains("") else { return "the key before '=' has an empty part" }
        let words = String(text[text.index(after: equals)...])
        let composed: Node?
        do { composed = try Yams.compose(yaml: words) } catch { return "the value is not YAML" }
        guard let value = composed else { return "the value is empty" }
        if path.count == 1 {
            keyPath = path[0]
            return Override.set(value, at: path, in: &top)
        }
        guard case .sequence(var stages)? = top["stages"] else { return "the file has no list of stages" }
        let names = stages.map { $0["id"]?.string ?? "" }
        guard let index = names.firstIndex(of: path[0]) else {
            let hint = nearest(to: path[0], in: names).map { " (did you mean '\($0)'?)" } ?? ""
            return "no stage has the id '\(path[0])'; the stages are \(names.joined(separator: ", "))\(hint)"
        }
        var inside = Array(path.dropFirst())
        if inside[0] != "runtime", inside[0] != "with" { inside.insert("with", at: 0) }
        guard inside.count > 1 else { return "names no key of '\(path[0])'" }
        keyPath = "stages[\(index)]." + inside.joined(separator: ".")
        var stage = stages[index]
        if let reason = Override.set(value, at: inside, in: &stage) { return reason }
        stages[index] = stage
        top["stages"] = .sequence(stages)
        return nil
    }

    /// Puts a value below a mapping, making the mappings between.
    private static func set(_ value: Node, at path: [String], in node: inout Node) -> String? {
        guard case .mapping(var mapping) = node else { return "'\(path[0])' lies below something that is no mapping" }
        let key = Node(path[0])
        if path.count == 1 {
            mapping[key] = value
        } else {
            var below = mapping[key] ?? Node([(Node, Node)]())
            if let reason = set(value, at: Array(path.dropFirst()), in: &below) { return reason }
            mapping[key] = below
        }
        node = .mapping(mapping)
        return nil
    }
}
