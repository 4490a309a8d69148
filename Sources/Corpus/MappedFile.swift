import Files
import Glibc

/// A file's bytes, mapped read-only for as long as the value lives.
public struct MappedFile: ~Copyable, @unchecked Sendable {
    /// The file's path as it was opened.
    public let path: String
    /// All bytes; empty for an empty file. Valid while this value lives.
    public let bytes: UnsafeRawBufferPointer

    /// Maps the file at `path`.
    /// - Throws: `CorpusError.missing` or `.io`.
    public init(path: String) throws(CorpusError) {
        bytes = try Self.map(path)
        self.path = path
    }

    deinit {
        if let base = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), bytes.count) }
    }

    private static func map(_ path: String) throws(CorpusError) -> UnsafeRawBufferPointer {
        let descriptor = try FileSystem.openForReading(path)
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .io(path: path, operation: "stat", code: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .io(path: path, operation: "map", code: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
        }
        let size = Int(status.st_size)
        guard size > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        guard let base = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), base != MAP_FAILED else {
            throw .io(path: path, operation: "map", code: errno)
        }
        return UnsafeRawBufferPointer(start: base, count: size)
    }
}
