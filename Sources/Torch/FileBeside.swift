internal import Glibc

/// A file in the making: it appears under its name only when it is whole and on the disk. Dropped uncommitted, it goes.
struct FileBeside: ~Copyable {
    private let path: String
    private let partial: String
    private let file: Int32
    private var committed = false

    /// - Throws: `.io` with the system's reason.
    init(path: String) throws(TorchError) {
        self.path = path
        partial = "\(path).partial-\(getpid())"
        file = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        if file < 0 { throw FileBeside.failure("cannot be made", partial) }
    }

    deinit {
        if file >= 0 { close(file) }
        if !committed { unlink(partial) }
    }

    /// - Throws: `.io` with the system's reason.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(TorchError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let written = Glibc.write(file, part.baseAddress, min(part.count, 1 << 30))
            if written < 0 {
                if errno == EINTR { continue }
                throw FileBeside.failure("cannot be written (\(bytes.count) bytes at once)", path)
            }
            rest = rest.dropFirst(written)
        }
    }

    /// Brings the content and then the name to the disk.
    /// - Throws: `.io` with the system's reason; the file under the name is then what it was.
    consuming func commit() throws(TorchError) {
        guard fsync(file) == 0 else { throw FileBeside.failure("cannot be brought to the disk", path) }
        guard rename(partial, path) == 0 else { throw FileBeside.failure("cannot be renamed into place", path) }
        committed = true
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let directory = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw FileBeside.failure("cannot be opened", folder) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw FileBeside.failure("cannot be brought to the disk", folder) }
    }

    /// Removes a file if it is there.
    /// - Throws: `.io` with the system's reason.
    static func remove(_ path: String) throws(TorchError) {
        if unlink(path) != 0, errno != ENOENT { throw failure("cannot be removed", path) }
    }

    private static func failure(_ what: String, _ path: String) -> TorchError {
        let reason = errno
        let remedy = reason == ENOSPC ? "; free space on that disk and run again" : ""
        return TorchError(
            code: .io, operation: "SafetensorsWriter",
            message: "\(path) \(what): \(String(cString: strerror(reason)))\(remedy)")
    }
}
