internal import Corpus
internal import FoundationEssentials
internal import Glibc

/// SHA-256 of files, remembered by size, modification time and inode, so that weights are hashed once and not at every plan.
final class Digests {
    private struct Entry: Codable {
        var bytes: Int
        var modified: Int
        var inode: UInt64
        var sha256: String
    }
    private let cachePath: String
    private var entries: [String: Entry]
    private var changed = false
    /// Bytes that may still be hashed; a plan has few, a run any number.
    private var allowance: Int

    /// - Parameter allowance: bytes that may be hashed; what is remembered costs nothing.
    init(cachePath: String, allowance: Int = .max) {
        self.cachePath = cachePath
        self.allowance = allowance
        let known = (try? Folder.read(cachePath)).flatMap { try? JSONDecoder().decode([String: Entry].self, from: $0) }
        entries = known ?? [:]
    }

    /// The SHA-256 of a file's content as 64 hexadecimal digits; nil when it would exceed the allowance.
    /// - Throws: `.file` when it cannot be read.
    func sha256(of path: String) throws(PipelineError) -> String? {
        guard let identity = Folder.identity(of: path) else { throw Folder.failure("read", path, ENOENT) }
        let key = Folder.absolute(path)
        if let entry = entries[key], entry.bytes == identity.bytes, entry.modified == identity.modified,
            entry.inode == identity.inode
        {
            return entry.sha256
        }
        guard identity.bytes <= allowance else { return nil }
        allowance -= identity.bytes
        let digest = try Digests.sha256(of: path)
        entries[key] = Entry(
            bytes: identity.bytes, modified: identity.modified, inode: identity.inode, sha256: digest)
        changed = changed || identity.bytes > 1 << 20
        return digest
    }

    /// Keeps what was learned for the next process; losing it costs only time.
    func save() {
        guard changed else { return }
        changed = false
        try? Folder.make(Folder.parent(of: cachePath))
        try? Folder.write(CanonicalJSON.bytes(of: entries.filter { $0.value.bytes > 1 << 20 }), to: cachePath)
    }

    /// The SHA-256 of a file, read through once.
    /// - Throws: `.file` or `.corpus`.
    static func sha256(of path: String) throws(PipelineError) -> String {
        try withCorpus { () throws(CorpusError) in try FileDigest.sha256(ofFile: path) }
    }
}
