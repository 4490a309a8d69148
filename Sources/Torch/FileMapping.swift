internal import Files
internal import Glibc

/// A whole file mapped for reading; unmapped when the last holder lets go.
final class FileMapping: Sendable {
    let path: String
    private let address: UInt
    let count: Int

    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
    }

    /// - Throws: `.io` with the system's reason.
    init(path: String) throws(TorchError) {
        self.path = path
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw FileMapping.failure("cannot be opened", path) }
        defer { close(file) }
        var facts = stat()
        guard fstat(file, &facts) == 0 else { throw FileMapping.failure("cannot be examined", path) }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw TorchError(code: .badFile, operation: "FileMapping", message: "\(path) is no file")
        }
        count = Int(facts.st_size)
        if count == 0 {
            address = 0
            return
        }
        // Private and writable, so that a stray write through a tensor changes this process's copy and never the file.
        guard let start = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file, 0),
            start != MAP_FAILED
        else {
            throw FileMapping.failure("cannot be mapped", path)
        }
        address = UInt(bitPattern: start)
    }

    deinit {
        if address != 0 { munmap(UnsafeMutableRawPointer(bitPattern: address), count) }
    }

    static func failure(_ what: String, _ path: String) -> TorchError {
        let failure = FileFailure(path: path, operation: what)
        return TorchError(
            code: failure.isMissing ? .badFile : .io, operation: "FileMapping",
            message: "\(path) \(what): \(failure.reason)")
    }
}
