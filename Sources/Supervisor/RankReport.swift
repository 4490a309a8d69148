/// What a rank tells its launcher about itself: one line, at most once a second.
public struct RankReport: Sendable, Equatable {
    /// Grows while the rank's loops turn: what a rank that hangs does not do.
    public var beat: Int
    /// What it is doing, such as `stage sheared, step 14 of 24`.
    public var place: String
    /// The folder of the checkpoints that it writes now; empty when it writes none.
    public var checkpoints: String

    public init(beat: Int = 0, place: String = "its start", checkpoints: String = "") {
        self.beat = beat
        self.place = place
        self.checkpoints = checkpoints
    }

    /// Reads what `line` gave; nil for anything else.
    init?(_ line: String) {
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 3, let beat = Int(fields[0]) else { return nil }
        self.init(beat: beat, place: String(fields[1]), checkpoints: String(fields[2]))
    }

    /// Its line, with the line end. Short enough to go through a pipe whole (4096 bytes).
    var line: String {
        func field(_ text: String) -> String {
            String(text.prefix(400).map { $0 == "\t" || $0.isNewline ? " " : $0 })
        }
        // A folder whose name is cut or changed is none.
        let folder = field(checkpoints) == checkpoints && checkpoints.utf8.count < 2000 ? checkpoints : ""
        return "\(beat)\t\(field(place))\t\(folder)\n"
    }
}
