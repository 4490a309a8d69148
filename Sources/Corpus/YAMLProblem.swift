/// One thing wrong in a YAML file.
public struct YAMLProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file's path.
    public var file: String
    /// Line and column, counted from 1.
    public var line: Int
    public var column: Int
    /// The way to the value, such as `domains[2].shards`.
    public var keyPath: String
    /// What is wrong, as one clause.
    public var reason: String
    /// The known key that an unknown one was probably meant to be.
    public var nearestKey: String?

    public init(
        file: String, line: Int, column: Int, keyPath: String, reason: String, nearestKey: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.keyPath = keyPath
        self.reason = reason
        self.nearestKey = nearestKey
    }

    /// `file:line:column: key path: reason (did you mean 'x'?)`.
    public var description: String {
        let place = keyPath.isEmpty ? "" : "\(keyPath): "
        let hint = nearestKey.map { " (did you mean '\($0)'?)" } ?? ""
        return "\(file):\(line):\(column): \(place)\(reason)\(hint)"
    }
}
