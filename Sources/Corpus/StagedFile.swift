import Glibc

/// A file that appears under its path only when it is complete: written beside it, flushed to disk, renamed.
///
/// Dropped without `commit()`, it leaves nothing behind.
struct StagedFile: ~Copyable {
    /// The path that the file will have.
    let path: String
    /// The bytes given so far.
    private(set) var byteCount = 0
    private let partialPath: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var isCommitted = false

    private static let bufferBytes = 1 << 20

    /// Opens the partial file; the folder of `path` exists.
    init(path: String) throws(CorpusError) {
        self.path = path
        partialPath = "\(path).partial"
        descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure(path, "create", errno, left: 0) }
        buffer.reserveCapacity(Self.bufferBytes)
    }

    deinit {
        close(descriptor)
        if !isCommitted { unlink(partialPath) }
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(CorpusError) {
        if buffer.count + bytes.count > Self.bufferBytes { try flush() }
        if bytes.count >= Self.bufferBytes {
            try writeThrough(bytes, offset: byteCount)
        } else {
            buffer.append(contentsOf: bytes)
        }
        byteCount += bytes.count
    }

    mutating func write(_ bytes: [UInt8]) throws(CorpusError) {
        try bytes.span.withUnsafeBytes { bytes throws(CorpusError) in try write(bytes) }
    }

    /// Writes over bytes that were given before; `offset + bytes.count` is at most `byteCount`.
    mutating func rewrite(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(CorpusError) {
        try flush()
        try writeThrough(bytes, offset: offset)
    }

    /// Gives the file its path; `isDurable` says whether it must outlive a loss of power from then on.
    consuming func commit(isDurable: Bool = true) throws(CorpusError) {
        try flush()
        if isDurable, fsync(descriptor) != 0 { throw Self.failure(path, "flush", errno, left: 0) }
        guard rename(partialPath, path) == 0 else { throw Self.failure(path, "rename", errno, left: 0) }
        isCommitted = true
        if isDurable { try flushFolder(of: path) }
    }

    private mutating func flush() throws(CorpusError) {
        guard !buffer.isEmpty else { return }
        try buffer.span.withUnsafeBytes { bytes throws(CorpusError) in
            try writeThrough(bytes, offset: byteCount - buffer.count)
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private func writeThrough(_ bytes: UnsafeRawBufferPointer, offset: Int) throws(CorpusError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.failure(path, "write", errno, left: bytes.count - done)
            }
            done += count
        }
    }

    private static func failure(_ path: String, _ operation: String, _ code: Int32, left: Int) -> CorpusError {
        code == ENOSPC || code == EDQUOT
            ? .diskFull(path: path, bytes: left) : .io(path: path, operation: operation, code: code)
    }
}

/// Makes the names of a folder durable.
private func flushFolder(of path: String) throws(CorpusError) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .io(path: folder, operation: "open", code: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw .io(path: folder, operation: "flush", code: errno) }
}

/// Makes `path` and the folders above it, where they are not there yet.
func makeFolder(_ path: String) throws(CorpusError) {
    guard !path.isEmpty, mkdir(path, 0o755) != 0 else { return }
    switch errno {
    case EEXIST:
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .io(path: path, operation: "make folder", code: ENOTDIR)
        }
    case ENOENT:
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw .io(path: path, operation: "make folder", code: ENOENT)
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw .io(path: path, operation: "make folder", code: errno)
        }
    case ENOSPC, EDQUOT: throw .diskFull(path: path, bytes: 0)
    case let code: throw .io(path: path, operation: "make folder", code: code)
    }
}
