internal import Glibc

/// What a rank of a group lets the others know about itself, in the store under `standing/<rank>`.
struct Standing: Sendable, Equatable {
    /// Why a rank takes no further part.
    struct Departure: Sendable, Equatable {
        /// The ranks it blames; none when the reason is its own.
        var culprits: [Int]
        var reason: String
    }

    var host: String
    var process: Int32
    /// Grows as long as the process runs.
    var beat = 0
    /// The number of the operation of the group that it has begun last.
    var operation = 0
    /// What it is doing, such as `step 57`.
    var place = "its start"
    var departure: Departure?

    /// That of this process.
    init() {
        var buffer = [CChar](repeating: 0, count: 256)
        let named = gethostname(&buffer, buffer.count - 1) == 0
        host = named ? String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : "?"
        process = getpid()
    }

    /// Reads what `text` gave; nil for anything else.
    init?(_ text: String) {
        let fields = text.split(separator: "\n", maxSplits: 6, omittingEmptySubsequences: false).map(String.init)
        guard fields.count == 7, let process = Int32(fields[1]), let beat = Int(fields[2]),
            let operation = Int(fields[3])
        else { return nil }
        host = fields[0]
        self.process = process
        self.beat = beat
        self.operation = operation
        place = fields[4]
        if fields[5] != "-" {
            departure = Departure(culprits: fields[5].split(separator: ",").compactMap { Int($0) }, reason: fields[6])
        }
    }

    var text: String {
        let left = departure.map { [$0.culprits.map(String.init).joined(separator: ","), $0.reason] } ?? ["-", ""]
        return ([host, "\(process)", "\(beat)", "\(operation)", place] + left).joined(separator: "\n")
    }

    static func key(_ rank: Int) -> String { "standing/\(rank)" }
}
