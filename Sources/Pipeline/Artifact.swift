internal import FoundationEssentials

/// A committed artifact: its folder and its record.
public struct Artifact: Sendable, Equatable {
    public let path: String
    public let record: StageRecord

    /// The path of a file inside.
    public func file(_ name: String) -> String { path + "/" + name }

    /// Writes a text file whole or not at all.
    /// - Throws: `.file`.
    public static func write(_ text: String, to path: String) throws(PipelineError) {
        try Folder.write(Data(text.utf8), to: path)
    }
}
