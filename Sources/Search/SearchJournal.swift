internal import Files
internal import Glibc

/// The truth about a search: a table with one row per evaluation, appended to and flushed to disk after each.
///
/// Columns are `id`, `genome`, one per objective, `round`, `method` and `seconds`, separated by commas. Numbers are written
/// so that reading them gives the same bits.
public struct SearchJournal: ~Copyable {
    /// The file.
    public let path: String
    /// The evaluations that were in the file when it was opened.
    public let evaluations: [MeasuredCandidate]
    private let descriptor: Int32

    /// Opens the journal, or begins it. A last line that was cut short is dropped.
    /// - Throws: `SearchError.io`; `SearchError.journal` when it is another search's or damaged before its last line.
    public init(path: String, objectives: [SearchObjective]) throws(SearchError) {
        self.path = path
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw .io(path: path, operation: "open", code: errno) }
        do throws(SearchError) {
            evaluations = try JournalFile.recover(file, path, columns: JournalRow.columns(objectives))
        } catch {
            close(file)
            throw error
        }
        descriptor = file
    }

    deinit { close(descriptor) }

    /// Appends a row and waits until it is on disk.
    /// - Throws: `SearchError.io`.
    public borrowing func append(_ evaluation: MeasuredCandidate) throws(SearchError) {
        try FileSystem.write(Array("\(JournalRow.text(evaluation))\n".utf8), to: descriptor, path: path)
        guard fdatasync(descriptor) == 0 else { throw .io(path: path, operation: "flush", code: errno) }
    }

    /// The evaluations of a journal that may still be written; a last line that was cut short is left out.
    /// - Throws: As `init`.
    public static func read(
        _ path: String, objectives: [SearchObjective]
    ) throws(SearchError) -> [MeasuredCandidate] {
        try JournalFile.parsed(FileSystem.read(path), path, columns: JournalRow.columns(objectives)).evaluations
    }
}
