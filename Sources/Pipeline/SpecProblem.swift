internal import Corpus

/// One thing wrong with a pipeline file, with its place.
public struct SpecProblem: Codable, Sendable, Equatable {
    /// The file, or the `--set` that brought the value.
    public let file: String
    /// Line in the file, from 1; nil when no line is to blame.
    public let line: Int?
    /// Where in the document: `sheared.with.target.heads`, or `stages[2].id` where no id tells the stage.
    public let keyPath: String
    /// What is wrong and what would be right, as one clause.
    public let reason: String

    public init(file: String, line: Int?, keyPath: String, reason: String) {
        self.file = file
        self.line = line
        self.keyPath = keyPath
        self.reason = reason
    }

    init(_ problem: YAMLProblem, at keyPath: String? = nil) {
        self.init(
            file: problem.file, line: problem.line, keyPath: keyPath ?? problem.keyPath,
            reason: problem.reason + (problem.nearestKey.map { " (did you mean '\($0)'?)" } ?? ""))
    }
}

extension SpecProblem: CustomStringConvertible {
    /// `file:line: key path: reason`.
    public var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        return keyPath.isEmpty ? "\(place): \(reason)" : "\(place): \(keyPath): \(reason)"
    }
}
