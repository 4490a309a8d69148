internal import FoundationEssentials
internal import Glibc

/// The process that holds a stage.
public struct LockOwner: Codable, Sendable, Equatable {
    public let host: String
    public let processID: Int32
    /// Start of the run, seconds since 1970.
    public let startedAt: Double
}

/// One process per stage folder. The kernel drops the lock when its process ends, however it ends, so a lock cannot
/// outlive its owner on one host; the file's text names the owner for the others.
struct StageLock: ~Copyable {
    private let descriptor: Int32
    let path: String

    /// - Throws: `.locked` with the owner while another process works; `.file` when the lock file cannot be made.
    init(at path: String) throws(PipelineError) {
        self.path = path
        try Folder.make(Folder.parent(of: path))
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard opened >= 0 else { throw Folder.failure("open lock", path) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(opened)
            guard code == EWOULDBLOCK else { throw Folder.failure("lock", path, code) }
            throw .locked(StageLock.owner(at: path) ?? LockOwner(host: "?", processID: 0, startedAt: 0), path: path)
        }
        let owner = LockOwner(
            host: StageLock.hostName(), processID: getpid(), startedAt: Date().timeIntervalSince1970)
        let text = CanonicalJSON.bytes(of: owner)
        _ = ftruncate(opened, 0)
        let count = text.withUnsafeBytes { pwrite(opened, $0.baseAddress, $0.count, 0) }
        guard count == text.count else {
            let code = errno
            close(opened)
            throw Folder.failure("write lock", path, code)
        }
        descriptor = opened
    }

    deinit {
        _ = ftruncate(descriptor, 0)
        close(descriptor)
    }

    /// The owner named in the lock file; nil when nobody holds it or the file says nothing readable.
    static func owner(at path: String) -> LockOwner? {
        guard let text = try? Folder.read(path), !text.isEmpty else { return nil }
        return try? JSONDecoder().decode(LockOwner.self, from: text)
    }

    /// The owner, if a live process holds the lock now.
    static func liveOwner(at path: String) -> LockOwner? {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        if flock(descriptor, LOCK_SH | LOCK_NB) == 0 { return nil }
        return owner(at: path)
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "?" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
