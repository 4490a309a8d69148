internal import Files
internal import FoundationEssentials
internal import Glibc

/// The truth about a run: `metrics.jsonl`, one JSON object per step, only ever appended to.
///
/// A line is `{"ts": seconds since 1970, "step": ..., "tokens": ..., "stage": ..., "train/loss": ..., ...}`; a number
/// that is not finite is left out. Where rows are listed, `"rows"` has them by domain.
public final class MetricsLog {
    /// The file.
    public let path: String
    private let stage: String
    private let descriptor: Int32

    /// Opens the log of a run that has taken `step` steps: lines of later steps, and a last line that was cut short,
    /// are dropped, so that no step stands twice.
    /// - Throws: `TrainingError.file`.
    public init(path: String, stage: String, resumingAt step: Int) throws(TrainingError) {
        self.path = path
        self.stage = stage
        try Self.drop(after: step, from: path)
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .file(path: path, operation: "open", code: errno) }
    }

    deinit { close(descriptor) }

    /// Appends one step, in one write.
    /// - Throws: `TrainingError.file`.
    public func append(_ metrics: StepMetrics) throws(TrainingError) {
        var rows = ""
        if let listed = metrics.rows {
            let domains = listed.sorted { $0.key < $1.key }.map { name, rows in
                "\(quotedJSON(name)):[\(rows.map(String.init).joined(separator: ","))]"
            }
            rows = ",\"rows\":{\(domains.joined(separator: ","))}"
        }
        try append(step: metrics.step, tokens: metrics.tokens, metrics.named, more: rows)
    }

    /// Appends named numbers, in one write.
    /// - Throws: `TrainingError.file`.
    public func append(
        step: Int, tokens: Int, _ values: [(name: String, value: Double)]
    ) throws(TrainingError) {
        try append(step: step, tokens: tokens, values, more: "")
    }

    private func append(
        step: Int, tokens: Int, _ values: [(name: String, value: Double)], more: String
    ) throws(TrainingError) {
        let now = (Date().timeIntervalSince1970 * 1000).rounded() / 1000
        var line = "{\"ts\":\(now),\"step\":\(step),\"tokens\":\(tokens),\"stage\":\(quotedJSON(stage))"
        for (name, value) in values where value.isFinite { line += ",\(quotedJSON(name)):\(value)" }
        line += more + "}\n"
        try FileSystem.write(Array(line.utf8), to: descriptor, path: path)
    }

    /// Waits until all lines are on disk.
    /// - Throws: `TrainingError.file`.
    public func sync() throws(TrainingError) {
        guard fsync(descriptor) == 0 else { throw .file(path: path, operation: "fsync", code: errno) }
    }

    private struct Line: Decodable {
        let step: Int
    }

    private static func drop(after step: Int, from path: String) throws(TrainingError) {
        guard FileSystem.exists(path) else { return }
        let bytes = try FileSystem.read(path)
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        let decoder = JSONDecoder()
        var start = 0
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = bytes[start...end]
            if let parsed = try? decoder.decode(Line.self, from: Data(line)), parsed.step <= step { kept += line }
            start = end + 1
        }
        if kept.count == bytes.count { return }
        try FileSystem.create(path, kept)
    }
}
