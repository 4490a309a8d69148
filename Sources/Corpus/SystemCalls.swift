import Glibc

/// The system's words for an `errno` value.
func systemMessage(_ code: Int32) -> String {
    guard let words = strerror(code) else { return "unknown error" }
    return String(cString: words)
}

/// A descriptor for reading the file at `path`; the caller closes it.
func openForReading(_ path: String) throws(CorpusError) -> Int32 {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    if descriptor >= 0 { return descriptor }
    let code = errno
    if code == ENOENT { throw .missing(path: path, remedy: "check the path, or fetch the file") }
    throw .io(path: path, operation: "open", code: code)
}

/// Reads up to `buffer.count` bytes; 0 at the end of the file. Interrupted calls go on.
func readBytes(
    _ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, path: String
) throws(CorpusError) -> Int {
    while true {
        let count = read(descriptor, buffer.baseAddress, buffer.count)
        if count >= 0 { return count }
        guard errno == EINTR else { throw .io(path: path, operation: "read", code: errno) }
    }
}

/// All bytes of a file that has no business being larger than `limit`.
func readSmallFile(_ path: String, limit: Int) throws(CorpusError) -> [UInt8] {
    let descriptor = try openForReading(path)
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
    defer { block.deallocate() }
    while true {
        let count = try readBytes(descriptor, into: block, path: path)
        if count == 0 { return bytes }
        guard bytes.count + count <= limit else {
            throw .corrupt(
                path: path, offset: limit, reason: "longer than the \(limit) bytes that such a file may have")
        }
        bytes.append(contentsOf: block[..<count])
    }
}
