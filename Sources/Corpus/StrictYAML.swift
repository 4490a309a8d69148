import Glibc
public import Yams

/// A YAML file being decoded: collects every problem instead of stopping at the first.
///
/// A decoder takes `root`, asks it for the keys it knows, calls `finish()` on every mapping it took, and ends with
/// `check()`, which throws all that was found.
public final class StrictYAML {
    /// The file's path, as problems name it.
    public let file: String
    /// What was found wrong so far: the first `listedProblems`, and a last one that says so.
    public private(set) var problems: [YAMLProblem] = []
    /// The names that values may refer to, such as a pipeline's stages; set before what refers to them is decoded.
    public var referents: [String] = []
    private let top: Yams.Node

    /// Parses the file at `path`.
    /// - Throws: `CorpusError.missing`, `.io`, or `.yaml` when it is no YAML at all or holds a key twice.
    public convenience init(path: String) throws(CorpusError) {
        try self.init(text: try readSmallFile(path, limit: Self.maximumBytes), file: path)
    }

    /// Parses `text`, which problems attribute to `file`.
    /// - Parameter amend: changes the document before it is decoded, such as values given on a command line.
    /// - Throws: `CorpusError.yaml` when it is no YAML at all, holds a key twice or stands for more than it may.
    public init(text: [UInt8], file: String, amend: (inout Yams.Node) -> Void = { _ in }) throws(CorpusError) {
        self.file = file
        func refusal(_ reason: String) -> CorpusError {
            .yaml([YAMLProblem(file: file, line: 1, column: 1, keyPath: "", reason: reason)])
        }
        guard text.count <= Self.maximumBytes else {
            throw refusal("longer than the \(Self.maximumBytes) bytes that such a file may have")
        }
        guard let words = String(validating: text, as: UTF8.self) else { throw refusal("not UTF-8 text") }
        guard Self.expandedBytes(text) <= 4 * Double(Self.maximumBytes) else {
            throw refusal("its aliases (`*name`) may stand for too much; write out what they stand for")
        }
        do {
            guard var node = try RepeatedKeys.compose(words) else {
                throw YAMLProblem(file: file, line: 1, column: 1, keyPath: "", reason: "the file is empty")
            }
            amend(&node)
            top = node
        } catch {
            throw .yaml([Self.problem(of: error, file: file)])
        }
    }

    /// The bytes that `text` can come to when every alias is replaced by what it stands for.
    ///
    /// What an alias stands for may hold aliases in its turn. A document with `n` of them holds what has none at most
    /// 3^(n/3) times: `f(n) = max k f(n - k)` over the k aliases of its outermost level. Whatever looks like one is
    /// counted, since a parser is needed to tell, and it must not be shown such a document.
    private static func expandedBytes(_ text: [UInt8]) -> Double {
        // The last four are the last bytes of U+0085, U+2028, U+2029 and U+FEFF.
        let fronts = Set(" \t\n\r[{,:?".utf8).union([0x85, 0xA8, 0xA9, 0xBF])
        let aliases = text.indices.dropLast().reduce(0) { count, place in
            guard text[place] == UInt8(ascii: "*"), place == 0 || fronts.contains(text[place - 1]) else { return count }
            switch text[place + 1] {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                return count + 1
            default: return count
            }
        }
        return pow(3, Double(aliases) / 3) * Double(text.count)
    }

    /// The file's top mapping; an empty one, with a problem noted, when the file holds something else.
    public func root() -> YAMLMapping {
        mapping(top, keyPath: "") ?? YAMLMapping(pairs: [], mark: nil, keyPath: "", yaml: self)
    }

    /// Throws everything found wrong, in the order of the file.
    /// - Throws: `CorpusError.yaml` with at least one problem.
    public func check() throws(CorpusError) {
        guard problems.isEmpty else {
            throw .yaml(problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) })
        }
    }

    /// How many problems are listed.
    public static let listedProblems = 1000

    /// Notes a problem at `mark` (the file's start when nil).
    public func note(_ reason: String, at mark: Mark?, keyPath: String, nearestKey: String? = nil) {
        guard problems.count < Self.listedProblems else {
            if problems.count == Self.listedProblems {
                problems.append(
                    YAMLProblem(
                        file: file, line: mark?.line ?? 1, column: mark?.column ?? 1, keyPath: "",
                        reason: "more is wrong; these are the first \(Self.listedProblems) problems"))
            }
            return
        }
        problems.append(
            YAMLProblem(
                file: file, line: mark?.line ?? 1, column: mark?.column ?? 1, keyPath: keyPath, reason: reason,
                nearestKey: nearestKey))
    }

    /// `node` as a mapping with string keys; nil, with a problem noted, when it is something else.
    public func mapping(_ node: Yams.Node, keyPath: String) -> YAMLMapping? {
        guard case .mapping(let mapping) = node else {
            note("\(describe(node)), where a mapping is wanted", at: node.mark, keyPath: keyPath)
            return nil
        }
        var pairs: [(key: String, mark: Mark?, value: Yams.Node)] = []
        var keys: Set<String> = []
        for (key, value) in mapping {
            if case .scalar(let scalar) = key {
                if scalar.string.hasSuffix(RepeatedKeys.sign) {
                    let name = String(scalar.string.dropLast())
                    let place = keyPath.isEmpty ? name : "\(keyPath).\(name)"
                    note("key written twice: \(name)", at: scalar.mark, keyPath: place)
                    continue
                }
                // The parser takes `1` and `"1"` for two keys.
                if !keys.insert(scalar.string).inserted {
                    note("key written twice: \(scalar.string)", at: scalar.mark, keyPath: keyPath)
                }
                pairs.append((scalar.string, scalar.mark, value))
            } else {
                note("\(describe(key)), where a key is wanted", at: key.mark, keyPath: keyPath)
            }
        }
        return YAMLMapping(pairs: pairs, mark: mapping.mark, keyPath: keyPath, yaml: self)
    }

    private static let maximumBytes = 16 << 20

    private static func problem(of error: any Error, file: String) -> YAMLProblem {
        func at(_ mark: Mark?, _ reason: String) -> YAMLProblem {
            YAMLProblem(file: file, line: mark?.line ?? 1, column: mark?.column ?? 1, keyPath: "", reason: reason)
        }
        if let problem = error as? YAMLProblem { return problem }
        guard let error = error as? YamlError else { return at(nil, "not YAML: \(error)") }
        return switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            at(mark, "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            at(context.mark, "key written twice: \(keys.sorted().joined(separator: ", "))")
        case .reader(let problem, _, _, _): at(nil, "not YAML: \(problem)")
        default: at(nil, "not YAML: \(error)")
        }
    }
}

/// What a node holds, in words for a message.
func describe(_ node: Yams.Node) -> String {
    switch node {
    case .scalar(let scalar) where scalar.style == .plain && isNull(scalar.string): "nothing"
    case .scalar(let scalar): "'\(scalar.string.prefix(60))'"
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
}

/// Whether a plain scalar is YAML's null.
func isNull(_ text: String) -> Bool {
    text.isEmpty || text == "~" || text == "null" || text == "Null" || text == "NULL"
}
