internal import Glibc

/// A file that appears under its path only when it is whole: written beside it, brought to the disk, renamed.
///
/// Dropped without `commit()`, it leaves nothing behind. Errors are the caller's own type.
public struct StagedFile<Failure: FileError>: ~Copyable {
    /// The path that the file will have.
    public let path: String
    /// The bytes given so far.
    public private(set) var byteCount = 0
    private let partialPath: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var isCommitted = false

    /// Opens the partial file; the folder of `path` exists.
    /// - Throws: `Failure` when it cannot be made there.
    public init(path: String) throws(Failure) {
        self.path = path
        partialPath = "\(path).partial"
        descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Failure(FileFailure(path: path, operation: "create")) }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if !isCommitted { unlink(partialPath) }
    }

    /// Adds bytes; small ones wait for more of them.
    /// - Throws: `Failure` when the disk takes no more.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        if buffer.count + bytes.count > bufferBytes { try flush() }
        if bytes.count >= bufferBytes {
            try writeThrough(bytes, offset: byteCount)
        } else {
            buffer.append(contentsOf: bytes)
        }
        byteCount += bytes.count
    }

    /// Adds bytes; small ones wait for more of them.
    /// - Throws: `Failure` when the disk takes no more.
    public mutating func write(_ bytes: [UInt8]) throws(Failure) {
        try bytes.span.withUnsafeBytes { bytes throws(Failure) in try write(bytes) }
    }

    /// Writes over bytes that were given before; `offset + bytes.count` is at most `byteCount`.
    /// - Throws: `Failure` when the disk takes no more.
    public mutating func rewrite(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(Failure) {
        try flush()
        try writeThrough(bytes, offset: offset)
    }

    /// Gives the file its path; `isDurable` says whether it must outlive a loss of power from then on.
    /// - Throws: `Failure` when the bytes do not reach the disk or the file cannot be renamed; an older file then stays.
    public consuming func commit(isDurable: Bool = true) throws(Failure) {
        try flush()
        if isDurable, fsync(descriptor) != 0 { throw Failure(FileFailure(path: path, operation: "flush")) }
        guard rename(partialPath, path) == 0 else { throw Failure(FileFailure(path: path, operation: "rename")) }
        isCommitted = true
        if isDurable { try FileOperations<Failure>.flushFolder(FileOperations<Failure>.parent(of: path)) }
    }

    private mutating func flush() throws(Failure) {
        guard !buffer.isEmpty else { return }
        try buffer.span.withUnsafeBytes { bytes throws(Failure) in
            try writeThrough(bytes, offset: byteCount - buffer.count)
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private func writeThrough(_ bytes: UnsafeRawBufferPointer, offset: Int) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress.map { $0 + done }, min(bytes.count - done, 1 << 30), off_t(offset + done))
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(FileFailure(path: path, operation: "write", bytesLeft: bytes.count - done))
            }
            done += count
        }
    }
}

/// More than so many bytes at once go to the file as they come.
private let bufferBytes = 1 << 20
