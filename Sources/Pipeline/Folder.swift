internal import FoundationEssentials
internal import Glibc

/// The file operations of artifacts: each either happened as a whole or reports path and `errno`.
enum Folder {
    static func failure(_ operation: String, _ path: String, _ code: Int32 = errno) -> PipelineError {
        .file(operation: operation, path: path, code: code)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && (status.st_mode & S_IFMT) == S_IFDIR
    }

    /// Makes `path` and its parents.
    static func make(_ path: String) throws(PipelineError) {
        var partial = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            partial += partial.isEmpty || partial == "/" ? String(part) : "/" + part
            if mkdir(partial, 0o777) != 0, errno != EEXIST || !isDirectory(partial) {
                throw failure("make folder", partial, errno == EEXIST ? ENOTDIR : errno)
            }
        }
    }

    /// Names in a folder, sorted; empty when it does not exist.
    static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

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
        let beside = path + ".writing"
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure("write", path) }
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                Glibc.write(descriptor, raw.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                close(descriptor)
                unlink(beside)
                throw failure("write", path, code)
            }
            written += count
        }
        let synced = fsync(descriptor)
        let code = errno
        close(descriptor)
        guard synced == 0 else {
            unlink(beside)
            throw failure("write", path, code)
        }
        try move(beside, to: path)
    }

    /// Renames and makes the rename durable.
    static func move(_ source: String, to destination: String) throws(PipelineError) {
        guard rename(source, destination) == 0 else { throw failure("rename to", destination) }
        synchronize(parent(of: destination))
    }

    /// Flushes a folder's entries. A file system that cannot (some network ones) is not an error.
    static func synchronize(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        close(descriptor)
    }

    /// Removes a file or a folder with all below it; nothing there is fine.
    static func remove(_ path: String) throws(PipelineError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        if (status.st_mode & S_IFMT) == S_IFDIR {
            for name in names(in: path) { try remove(path + "/" + name) }
            guard rmdir(path) == 0 else { throw failure("remove", path) }
        } else {
            guard unlink(path) == 0 else { throw failure("remove", path) }
        }
    }

    /// The path from the root of the file system; symbolic links stay as they are.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let buffer = getcwd(nil, 0) else { return path }
        defer { free(buffer) }
        return String(cString: buffer) + "/" + path
    }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Bytes of all files below a folder.
    static func bytes(below path: String) -> Int {
        files(below: path).reduce(0) { $0 + (identity(of: path + "/" + $1)?.bytes ?? 0) }
    }
}
