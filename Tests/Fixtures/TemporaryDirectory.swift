internal import Glibc

/// An empty folder of a test's own; it and all in it go when the last holder lets go.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() throws {
        var template = Array("\(TemporaryDirectory.base)/shearling-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw Failure(reason: String(cString: strerror(errno))) }
        path = String(cString: made)
    }

    deinit { TemporaryDirectory.remove(path) }

    /// The path of a file or folder in it, which need not exist.
    public func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in it and returns its path.
    @discardableResult
    public func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        let target = path(name)
        guard let file = fopen(target, "wb") else { throw Failure(reason: String(cString: strerror(errno))) }
        defer { fclose(file) }
        let bytes = Array(bytes)
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
            throw Failure(reason: "short write to \(target)")
        }
        return target
    }

    /// Writes a text file in it and returns its path.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> String { try write(text.utf8, to: name) }

    /// The bytes of a file in it.
    public func read(_ name: String) throws -> [UInt8] {
        guard let file = fopen(path(name), "rb") else { throw Failure(reason: String(cString: strerror(errno))) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = fread(&block, 1, block.count, file), count > 0 { bytes += block[0..<count] }
        return bytes
    }

    /// The names in it, sorted.
    public func names() -> [String] { TemporaryDirectory.names(path).sorted() }

    public struct Failure: Error { public let reason: String }

    private static var base: String { getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp" }

    private static func names(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func remove(_ path: String) {
        var facts = stat()
        guard lstat(path, &facts) == 0 else { return }
        if facts.st_mode & S_IFMT == S_IFDIR {
            for name in names(path) { remove("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
