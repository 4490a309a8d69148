internal import Glibc

/// The operations on files and folders that runs need: each either happened or says path, operation and `errno`, in the
/// caller's own error type.
public enum FileOperations<Failure: FileError> {
    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    public static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The folder that a path's last name stands in.
    public static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Makes `path` and the folders above it where they are missing.
    /// - Throws: `Failure` when one of them cannot be made, or is no folder.
    public static func makeFolder(_ path: String) throws(Failure) {
        guard !path.isEmpty, mkdir(path, 0o777) != 0 else { return }
        if errno == ENOENT, case let above = parent(of: path), above != ".", above != "/" {
            try makeFolder(above)
            if mkdir(path, 0o777) == 0 { return }
        }
        let code = errno
        if code == EEXIST, isFolder(path) { return }
        throw Failure(FileFailure(path: path, operation: "make folder", code: code == EEXIST ? ENOTDIR : code))
    }

    /// The names in a folder, sorted; empty when it does not exist.
    /// - Throws: `Failure` when it is there but cannot be listed.
    public static func names(in folder: String) throws(Failure) -> [String] {
        guard let stream = opendir(folder) else {
            if errno == ENOENT { return [] }
            throw Failure(FileFailure(path: folder, operation: "list"))
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file, or a folder with all it holds; nothing when it is not there.
    /// - Throws: `Failure` with the first name that cannot be removed; what came before it is gone.
    public static func remove(_ path: String) throws(Failure) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw Failure(FileFailure(path: path, operation: "remove"))
        }
        let isFolder = status.st_mode & S_IFMT == S_IFDIR
        if isFolder {
            for name in try names(in: path) { try remove("\(path)/\(name)") }
        }
        guard (isFolder ? rmdir(path) : unlink(path)) == 0 else {
            throw Failure(FileFailure(path: path, operation: "remove"))
        }
    }

    /// Renames; the name is on the disk once the folder is flushed.
    /// - Throws: `Failure` with the new name.
    public static func rename(_ from: String, to: String) throws(Failure) {
        guard Glibc.rename(from, to) == 0 else { throw Failure(FileFailure(path: to, operation: "rename")) }
    }

    /// Waits until a folder's list of names is on the disk, where the file system can tell (some network ones cannot).
    /// - Throws: `Failure` when it cannot be opened, or the disk reports an error.
    public static func flushFolder(_ path: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(FileFailure(path: path, operation: "open")) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 || errno == EINVAL else {
            throw Failure(FileFailure(path: path, operation: "flush"))
        }
    }

    /// The size of a file in bytes.
    /// - Throws: `Failure` when there is no such file.
    public static func size(_ path: String) throws(Failure) -> Int { try identity(path).bytes }

    /// What changes when a file is written to or replaced: looked at before and after it is read, it tells whether it was.
    /// - Throws: `Failure` when there is no such file.
    public static func identity(_ path: String) throws(Failure) -> FileIdentity {
        var status = stat()
        guard stat(path, &status) == 0 else { throw Failure(FileFailure(path: path, operation: "look at")) }
        return FileIdentity(
            bytes: Int(status.st_size), inode: UInt64(status.st_ino), seconds: Int(status.st_mtim.tv_sec),
            nanoseconds: Int(status.st_mtim.tv_nsec))
    }

    /// Writes all of `bytes` to an open file; interrupted and partial writes go on.
    /// - Throws: `Failure` with the bytes that were still to be written.
    public static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw Failure(FileFailure(path: path, operation: "write", bytesLeft: bytes.count - done))
            }
            done += count
        }
    }

    /// A file of `bytes` under `path`: readers see what was there before or all of it, never a part.
    /// - Throws: `Failure`; then what was there before still is.
    public static func create(_ path: String, _ bytes: [UInt8]) throws(Failure) {
        var file = try StagedFile<Failure>(path: path)
        try file.write(bytes)
        try file.commit()
    }

    /// A descriptor for reading the file at `path`; the caller closes it.
    /// - Throws: `Failure` when it is not there or may not be read.
    public static func openForReading(_ path: String) throws(Failure) -> Int32 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(FileFailure(path: path, operation: "open")) }
        return descriptor
    }

    /// Reads up to `buffer.count` bytes; 0 at the end of the file. Interrupted calls go on.
    /// - Throws: `Failure` under the name `path`.
    public static func read(
        _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, path: String
    ) throws(Failure) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw Failure(FileFailure(path: path, operation: "read")) }
        }
    }

    /// All bytes of a file; nil when they are more than `limit`.
    /// - Throws: `Failure` when it is not there or cannot be read.
    public static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8]? {
        let descriptor = try openForReading(path)
        defer { close(descriptor) }
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
        defer { block.deallocate() }
        var bytes: [UInt8] = []
        while true {
            let count = try read(descriptor, into: block, path: path)
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { return nil }
            bytes.append(contentsOf: block[..<count])
        }
    }

    /// All bytes of a file.
    /// - Throws: `Failure` when it is not there or cannot be read.
    public static func read(_ path: String) throws(Failure) -> [UInt8] { try read(path, limit: .max) ?? [] }
}
