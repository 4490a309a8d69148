internal import Corpus
internal import FoundationEssentials
internal import Transformer

/// The questions of one task file: one JSON object a line.
///
/// | key | meaning |
/// |---|---|
/// | `id` | text, unique in the file |
/// | `context` | passage or text so far |
/// | `query` | question, goal or stem |
/// | `choices` | answer texts without letters, at least 2 |
/// | `gold` | index of the right choice, from 0 |
/// | `category` | MMLU's subject, HellaSwag's activity |
/// | `title` | BoolQ: the passage's title |
/// | `prefix`, `suffix` | WinoGrande: the sentence before and after its blank |
/// | `target` | LAMBADA: the last word with its leading space, instead of `choices` and `gold` |
///
/// Which of them a task needs is its template's matter; keys of other names are left alone.
public struct EvaluationTask: Sendable {
    /// The file's name without its extension.
    public let name: String
    public let path: String
    public let template: TaskTemplate
    /// Which of the file's questions these are.
    public let split: TaskSplit
    /// In the file's order.
    public let questions: [TaskQuestion]

    /// Reads the questions of one split.
    /// - Parameter limit: questions at most; which ones depends on their ids, not on their order. Nil: all.
    /// - Throws: `EvaluationError.taskFile` with path and line, also when the split holds no question.
    public static func load(
        _ path: String, split: TaskSplit, limit: Int? = nil
    ) throws(EvaluationError) -> EvaluationTask {
        let name = EvaluationTask.name(of: path)
        guard let template = TaskTemplate(fileName: name) else { throw unknown(path) }
        let bytes: Data
        do { bytes = try Data(contentsOf: URL(filePath: path)) } catch {
            throw .taskFile(path: path, line: nil, problem: "cannot be read; name a file of one JSON object a line")
        }
        var questions: [TaskQuestion] = []
        var lines: [String: Int] = [:]
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
        where !line.allSatisfy(\.isSpace) {
            let question = try TaskLine(Data(line), path: path, line: index + 1, template).question()
            if let earlier = lines.updateValue(index + 1, forKey: question.id) {
                throw .taskFile(
                    path: path, line: index + 1,
                    problem: "the id '\(question.id)' stands in line \(earlier) already; ids must be unique in a file")
            }
            if split.contains(question.id) { questions.append(question) }
        }
        guard !questions.isEmpty else {
            throw .taskFile(
                path: path, line: nil,
                problem: "holds no question of the split '\(split.rawValue)' (\(lines.count) in all); "
                    + "add questions or choose another split")
        }
        if let limit, limit < questions.count {
            let chosen = Set(questions.map(\.id).sorted { draw($0) < draw($1) }.prefix(limit))
            questions.removeAll { !chosen.contains($0.id) }
        }
        return EvaluationTask(name: name, path: path, template: template, split: split, questions: questions)
    }

    /// Why a file of this name cannot be a task; nil when it can.
    public static func problem(withName path: String) -> String? {
        TaskTemplate(fileName: name(of: path)) == nil ? "\(unknown(path))" : nil
    }

    /// What guessing scores on average: the mean over questions of one over the number of choices; 0 for free text.
    public var chance: Double {
        guard !template.isFreeText, !questions.isEmpty else { return 0 }
        return questions.reduce(0) { $0 + 1 / Double($1.choices.count) } / Double(questions.count)
    }

    /// Refuses questions of another split than a purpose is for.
    /// - Throws: `EvaluationError.split`.
    public func require(_ needed: TaskSplit, for purpose: String) throws(EvaluationError) {
        guard split == needed else { throw .split(task: name, found: split, needed: needed, purpose: purpose) }
    }

    /// The place of a question in the order in which a limit takes them.
    private static func draw(_ id: String) -> UInt64 {
        var stream = RandomStream(seed: 0, name: "task-limit/" + id)
        return stream.next()
    }

    private static func unknown(_ path: String) -> EvaluationError {
        let known = TaskTemplate.allCases.map(\.rawValue).joined(separator: ", ")
        return .taskFile(
            path: path, line: nil,
            problem:
                "its name begins with no task that has a prompt; name it after one of \(known), such as piqa.jsonl "
                + "or piqa-mine.jsonl")
    }

    /// The name of a task file's task: the file's, without its extension.
    public static func name(of path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return file.hasSuffix(".jsonl") ? String(file.dropLast(6)) : file
    }
}

/// Reads one line of a task file.
private struct TaskLine {
    let path: String
    let line: Int
    let template: TaskTemplate
    private let value: JSONValue

    init(_ bytes: Data, path: String, line: Int, _ template: TaskTemplate) throws(EvaluationError) {
        self.path = path
        self.line = line
        self.template = template
        let parsed = try? JSONValue(parsing: bytes)
        guard let parsed, parsed.members != nil else {
            throw .taskFile(path: path, line: line, problem: "is no JSON object; each line must be one")
        }
        value = parsed
    }

    private func wrong(_ problem: String) -> EvaluationError { .taskFile(path: path, line: line, problem: problem) }

    private func text(_ key: String) throws(EvaluationError) -> String? {
        guard let found = value[key] else { return nil }
        guard let text = found.string else { throw wrong("`\(key)` is not a text") }
        return text
    }

    func question() throws(EvaluationError) -> TaskQuestion {
        guard let id = try text("id"), !id.isEmpty else { throw wrong("has no `id`; each question needs one") }
        for key in template.requiredKeys where value[key] == nil {
            throw wrong("lacks `\(key)`, which a question of \(template.rawValue) needs")
        }
        var question = TaskQuestion(
            id: id, context: try text("context"), query: try text("query"), category: try text("category"),
            title: try text("title"), prefix: try text("prefix"), suffix: try text("suffix"), target: try text("target")
        )
        if template.isFreeText {
            guard question.target?.trimmed.isEmpty == false else { throw wrong("`target` is empty") }
            return question
        }
        guard let list = value["choices"]?.array else { throw wrong("`choices` is not a list") }
        for (index, entry) in list.enumerated() {
            guard let choice = entry.string, !choice.trimmed.isEmpty else {
                throw wrong("choice \(index) is not a text with something in it")
            }
            question.choices.append(choice)
        }
        guard 2...26 ~= list.count else { throw wrong("has \(list.count) choices; 2 to 26 are expected") }
        guard let gold = value["gold"]?.integer, list.indices.contains(gold) else {
            throw wrong("`gold` is no index of its \(list.count) choices, 0 to \(list.count - 1)")
        }
        question.gold = gold
        return question
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == 0x20 || self == 0x0D || self == 0x09 }
}
