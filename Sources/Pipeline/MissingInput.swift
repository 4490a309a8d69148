/// A file or folder that must exist before a stage can run.
public struct MissingInput: Codable, Sendable, Equatable {
    /// The path as written in the pipeline file.
    public let path: String
    /// What the stage wanted there: “weights”, “data manifest”, “tokenizer”, …
    public let role: String
    /// How to get it: a command or a sentence.
    public let remedy: String

    public init(path: String, role: String, remedy: String) {
        self.path = path
        self.role = role
        self.remedy = remedy
    }
}
