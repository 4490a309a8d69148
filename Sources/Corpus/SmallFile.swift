internal import Files

/// All bytes of a file that has no business being larger than `limit`.
func readSmallFile(_ path: String, limit: Int) throws(CorpusError) -> [UInt8] {
    guard let bytes = try FileSystem.read(path, limit: limit) else {
        throw .corrupt(
            path: path, offset: limit, reason: "longer than the \(limit) bytes that such a file may have",
            remedy: "check that it is the file that was meant")
    }
    return bytes
}
