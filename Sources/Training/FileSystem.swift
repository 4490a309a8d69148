internal import FoundationEssentials
internal import Glibc

/// `ENOSPC`.
let noSpaceLeft = ENOSPC

/// The system's words for an `errno` value.
func systemMessage(_ code: Int32) -> String {
    guard let words = strerror(code) else { return "unknown error" }
    return String(cString: words)
}

/// Writing that survives a power cut, and the little else that runs need of a file system.
enum FileSystem {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Makes `path` and the folders above it where they are missing.
    static func makeFolder(_ path: String) throws(TrainingError) {
        if path.isEmpty || path == "/" { return }
        var status = stat()
        if stat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFDIR else { throw .file(path: path, operation: "mkdir", code: ENOTDIR) }
            return
        }
        if let slash = path.lastIndex(of: "/") { try makeFolder(String(path[..<slash])) }
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
            throw .file(path: path, operation: "mkdir", code: errno)
        }
    }

    /// The names in a folder, sorted; empty when it does not exist.
    static func names(in folder: String) throws(TrainingError) -> [String] {
        guard let stream = opendir(folder) else {
            if errno == ENOENT { return [] }
            throw .file(path: folder, operation: "opendir", code: errno)
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
    static func remove(_ path: String) throws(TrainingError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .file(path: path, operation: "lstat", code: errno)
        }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in try names(in: path) { try remove("\(path)/\(name)") }
            guard rmdir(path) == 0 else { throw .file(path: path, operation: "rmdir", code: errno) }
        } else {
            guard unlink(path) == 0 else { throw .file(path: path, operation: "unlink", code: errno) }
        }
    }

    static func rename(_ from: String, to: String) throws(TrainingError) {
        guard Glibc.rename(from, to) == 0 else { throw .file(path: to, operation: "rename", code: errno) }
    }

    /// Waits until a file's content, or a folder's list of names, is on disk.
    static func sync(_ path: String) throws(TrainingError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(path: path, operation: "open", code: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .file(path: path, operation: "fsync", code: errno) }
    }

    /// The size of a file in bytes.
    static func size(_ path: String) throws(TrainingError) -> Int {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .file(path: path, operation: "stat", code: errno) }
        return Int(status.st_size)
    }

    /// Writes all of `bytes`; interrupted and partial writes go on.
    static func write(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(TrainingError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw .file(path: path, operation: "write", code: errno)
            }
            done += count
        }
    }

    /// A new file of `bytes`, on disk when this returns.
    static func create(_ path: String, _ bytes: [UInt8]) throws(TrainingError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .file(path: path, operation: "open", code: errno) }
        defer { close(descriptor) }
        try write(bytes, to: descriptor, path: path)
        guard fsync(descriptor) == 0 else { throw .file(path: path, operation: "fsync", code: errno) }
    }

    /// All bytes of a file.
    static func read(_ path: String) throws(TrainingError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file(path: path, operation: "open", code: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = block.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw .file(path: path, operation: "read", code: errno)
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: block[..<count])
        }
    }
}
