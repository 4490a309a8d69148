internal import Files
internal import Glibc

/// The bytes of a journal.
enum JournalFile {
    /// The evaluations in an open file, which is then ready to be appended to: without a torn last line, and with its
    /// heading if it has none yet.
    static func recover(_ file: Int32, _ path: String, columns: [String]) throws(SearchError) -> [MeasuredCandidate] {
        let (evaluations, wholeBytes) = try parsed(try FileSystem.read(path), path, columns: columns)
        guard ftruncate(file, off_t(wholeBytes)) == 0 else { throw .io(path: path, operation: "shorten", code: errno) }
        guard lseek(file, off_t(wholeBytes), SEEK_SET) >= 0 else {
            throw .io(path: path, operation: "seek", code: errno)
        }
        if wholeBytes == 0 {
            try FileSystem.write(Array("\(columns.joined(separator: ","))\n".utf8), to: file, path: path)
            guard fsync(file) == 0 else { throw .io(path: path, operation: "flush", code: errno) }
            try FileSystem.flushFolder(FileSystem.parent(of: path))
        }
        return evaluations
    }

    /// The evaluations of whole lines, and the number of bytes of these lines.
    static func parsed(
        _ bytes: [UInt8], _ path: String, columns: [String]
    ) throws(SearchError) -> (evaluations: [MeasuredCandidate], wholeBytes: Int) {
        let wholeBytes = (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
        var lines = String(decoding: bytes[..<wholeBytes], as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard let heading = lines.popFirst(), wholeBytes > 0 else { return ([], 0) }
        guard heading == columns.joined(separator: ",") else {
            throw .journal(
                path: path, line: 1,
                reason: "its columns are '\(heading)' where this search has '\(columns.joined(separator: ","))'")
        }
        // The text ends in a line end, behind which there is an empty piece.
        var evaluations: [MeasuredCandidate] = []
        for (index, line) in lines.dropLast().enumerated() {
            switch JournalRow.parsed(line, id: index, columnCount: columns.count) {
            case .success(let evaluation): evaluations.append(evaluation)
            case .failure(let damage): throw .journal(path: path, line: index + 2, reason: damage.reason)
            }
        }
        return (evaluations, wholeBytes)
    }
}
