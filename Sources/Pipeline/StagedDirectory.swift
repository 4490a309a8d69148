internal import FoundationEssentials

/// The folder a stage writes into: `<id>-<fingerprint>.partial/`, renamed to `<id>-<fingerprint>/` by `commit`.
///
/// A stage that fails or is killed leaves the partial folder, whose checkpoints the next run of the same fingerprint continues.
public struct StagedDirectory: ~Copyable {
    /// Where the stage writes.
    public let path: String
    private let finalPath: String
    private let lock: StageLock?

    /// Opens (or makes) the partial folder of an artifact and takes its lock.
    /// - Throws: `.locked` when another process works on it, `.file` when the folder cannot be made.
    init(final finalPath: String, lockPath: String) throws(PipelineError) {
        try Folder.make(finalPath + ".partial")
        lock = try StageLock(at: lockPath)
        self.finalPath = finalPath
        path = finalPath + ".partial"
    }

    /// The folder that another rank writes: this one only reads there.
    init(followed path: String) {
        lock = nil
        finalPath = ""
        self.path = path
    }

    /// The path of a file inside.
    public func file(_ name: String) -> String { path + "/" + name }

    /// Writes a small file whole.
    /// - Throws: `.file`.
    public func write(_ value: some Encodable, to name: String) throws(PipelineError) {
        try Folder.write(CanonicalJSON.readable(value), to: file(name))
    }

    /// Writes a text file whole.
    /// - Throws: `.file`.
    public func write(text: String, to name: String) throws(PipelineError) {
        try Artifact.write(text, to: file(name))
    }

    /// Removes everything inside, to start over.
    func clear() throws(PipelineError) {
        for name in Folder.names(in: path) { try Folder.remove(path + "/" + name) }
    }

    /// Writes the record and renames the folder into place; an older artifact of the same name gives way.
    consuming func commit(_ record: StageRecord) throws(PipelineError) {
        try Folder.write(CanonicalJSON.readable(record), to: path + "/" + ArtifactStore.recordName)
        Folder.synchronize(path)
        if Folder.exists(finalPath) {
            let aside = finalPath + ".replaced"
            try Folder.remove(aside)
            try Folder.move(finalPath, to: aside)
            try Folder.move(path, to: finalPath)
            try Folder.remove(aside)
        } else {
            try Folder.move(path, to: finalPath)
        }
    }
}
