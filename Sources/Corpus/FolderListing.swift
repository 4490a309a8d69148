import Glibc

/// The regular files below a folder.
enum FolderListing {
    /// Paths relative to `root`, sorted; hidden names are left out, links to files and folders are followed (a folder
    /// that is its own ancestor once).
    /// - Throws: `CorpusError.missing` or `.io`.
    static func files(below root: String, from folders: [String] = []) throws(CorpusError) -> [String] {
        var found: [String] = []
        let start = folders.joined(separator: "/")
        try visit(root, start, ancestors: [], &found)
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The size of a regular file in bytes; nil when there is none.
    static func size(of path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int(status.st_size)
    }

    /// Whether there is a folder at `path`.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The absolute path without `.`, `..` and links; nil when nothing is there.
    static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private struct Identity: Hashable {
        var device: UInt
        var inode: UInt
    }

    private static func visit(
        _ root: String, _ relative: String, ancestors: Set<Identity>, _ found: inout [String]
    ) throws(CorpusError) {
        let folder = relative.isEmpty ? root : "\(root)/\(relative)"
        var status = stat()
        guard stat(folder, &status) == 0, let handle = opendir(folder) else {
            let code = errno
            if code == ENOENT {
                throw .missing(path: folder, remedy: "fetch the corpus or correct `root`")
            }
            throw .io(path: folder, operation: "list", code: code)
        }
        let identity = Identity(device: UInt(status.st_dev), inode: UInt(status.st_ino))
        guard !ancestors.contains(identity) else {
            closedir(handle)
            return
        }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        closedir(handle)
        for name in names.sorted() {
            let path = relative.isEmpty ? name : "\(relative)/\(name)"
            if isFolder("\(root)/\(path)") {
                try visit(root, path, ancestors: ancestors.union([identity]), &found)
            } else if size(of: "\(root)/\(path)") != nil {
                found.append(path)
            }
        }
    }
}
