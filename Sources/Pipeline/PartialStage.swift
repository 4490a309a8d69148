/// What an unfinished attempt has left.
struct PartialStage {
    let path: String

    init(finalPath: String) { path = finalPath + ".partial" }

    /// The step of the newest complete checkpoint, or the candidates in a search's journal; nil when there is none.
    var lastStep: Int? { checkpointStep ?? journalRows }

    private var checkpointStep: Int? {
        Folder.names(in: path + "/checkpoints").compactMap { name in
            guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)),
                Folder.exists("\(path)/checkpoints/\(name)/COMPLETE")
            else { return nil }
            return step
        }.max()
    }

    /// Whole rows below the heading.
    private var journalRows: Int? {
        guard let bytes = try? Folder.read(path + "/" + SearchSpec.journalName) else { return nil }
        let rows = bytes.count { $0 == UInt8(ascii: "\n") } - 1
        return rows > 0 ? rows : nil
    }
}
