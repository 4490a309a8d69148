internal import Files
internal import FoundationEssentials
internal import Glibc

/// The file operations of artifacts: each either happened as a whole or reports path and `errno`.
enum Folder {
    static func failure(_ operation: String, _ path: String, _ code: Int32 = errno) -> PipelineError {
        .file(operation: operation, path: path, code: code)
    }

    static func exists(_ path: String) -> Bool { FileSystem.exists(path) }

    static func isDirectory(_ path: String) -> Bool { FileSystem.isFolder(path) }

    /// Makes `path` and its parents.
    static func make(_ path: String) throws(PipelineError) { try FileSystem.makeFolder(path) }

    /// Names in a folder, sorted; empty when it cannot be read.
    static func names(in path: String) -> [String] { (try? FileSystem.names(in: path)) ?? [] }

    /// All regular files below `path`, as paths relative to it, sorted; links and devices are no content.
    static func files(below path: String) -> [String] {
        var found: [String] = []
        func walk(_ relative: String) {
            for name in names(in: relative.isEmpty ? path : path + "/" + relative) {
                let below = relative.isEmpty ? name : relative + "/" + name
                var status = stat()
                guard lstat(path + "/" + below, &status) == 0 else { continue }
                switch status.st_mode & S_IFMT {
                case S_IFDIR: walk(below)
                case S_IFREG: found.append(below)
                default: continue
                }
            }
        }
        walk("")
        return found.sorted()
    }

    /// Size in bytes and modification time in nanoseconds since 1970, or nil when there is no such file.
    static func identity(of path: String) -> (bytes: Int, modified: Int, inode: UInt64)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return (
            Int(status.st_size), Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec),
            UInt64(status.st_ino)
        )
    }

    /// Bytes free to this user on the file system that holds `path` (or its nearest existing parent).
    static func availableBytes(at path: String) -> Int? {
        var place = path
        while !exists(place) {
            guard let slash = place.lastIndex(of: "/") else { place = "."; break }
            place = slash == place.startIndex ? "/" : String(place[..<slash])
        }
        var status = statvfs()
        guard statvfs(place, &status) == 0 else { return nil }
        return Int(status.f_bavail) * Int(status.f_frsize)
    }

    static func read(_ path: String) throws(PipelineError) -> Data {
        do { return try Data(contentsOf: URL(filePath: path)) } catch {
            let code = errno
            throw failure("read", path, exists(path) ? (code == 0 ? EIO : code) : ENOENT)
        }
    }

    /// Writes beside, syncs, renames: readers see the old content or the new, never a part.
    static func write(_ bytes: Data, to path: String) throws(PipelineError) {
        try FileSystem.create(path, [UInt8](bytes))
    }

    /// Renames and makes the rename durable.
    static func move(_ source: String, to destination: String) throws(PipelineError) {
        try FileSystem.rename(source, to: destination)
        synchronize(parent(of: destination))
    }

    /// Flushes a folder's entries. A file system that cannot (some network ones) is not an error.
    static func synchronize(_ path: String) { try? FileSystem.flushFolder(path) }

    /// Removes a file or a folder with all below it; nothing there is fine.
    static func remove(_ path: String) throws(PipelineError) { try FileSystem.remove(path) }

    /// The path from the root of the file system; symbolic links stay as they are.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let buffer = getcwd(nil, 0) else { return path }
        defer { free(buffer) }
        return String(cString: buffer) + "/" + path
    }

    static func parent(of path: String) -> String { FileSystem.parent(of: path) }

    /// Bytes of all files below a folder.
    static func bytes(below path: String) -> Int {
        files(below: path).reduce(0) { $0 + (identity(of: path + "/" + $1)?.bytes ?? 0) }
    }
}
