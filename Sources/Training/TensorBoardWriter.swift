internal import Files
internal import FoundationEssentials
internal import Glibc

/// TensorBoard's own event files, written without TensorBoard.
///
/// A file is a sequence of records, each an `Event` of `tensorflow/core/util/event.proto` between checksums. Each run
/// and each resumption opens a file of its own; a resumed one begins with a session start, at which TensorBoard forgets
/// the later steps of earlier files.
public final class TensorBoardWriter {
    /// The file that this writer appends to.
    public let path: String
    private let descriptor: Int32

    /// Opens a new file in `folder`, which is made when missing.
    /// - Parameter step: The steps taken so far; 0 for a new run.
    /// - Throws: `TrainingError.file`.
    public init(folder: String, resumingAt step: Int) throws(TrainingError) {
        try FileSystem.makeFolder(folder)
        // Readers take files in the order of their names: later files need later seconds.
        let prefix = "events.out.tfevents."
        let taken = try FileSystem.names(in: folder).compactMap { name -> Int? in
            name.hasPrefix(prefix) ? Int(name.dropFirst(prefix.count).prefix { $0 != "." }) : nil
        }
        let now = Date().timeIntervalSince1970
        let second = max(Int(now), (taken.max() ?? 0) + 1)
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let name = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        path = "\(folder)/\(prefix)\(second).\(name.isEmpty ? "localhost" : name).\(getpid()).0"
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .file(path: path, operation: "open", code: errno) }
        try write(ProtocolBuffer.event(seconds: now, step: 0) { $0.string(3, "brain.Event:2") })
        if step > 0 {
            try write(
                ProtocolBuffer.event(seconds: now, step: step + 1) { $0.message(7) { $0.integer(1, 1) } })
        }
    }

    deinit { close(descriptor) }

    /// Appends one step.
    /// - Throws: `TrainingError.file`.
    public func append(_ metrics: StepMetrics) throws(TrainingError) {
        try append(step: metrics.step, metrics.named)
    }

    /// Appends named numbers as scalars of `step`, in one write; those that are not finite are left out.
    /// - Throws: `TrainingError.file`.
    public func append(step: Int, _ values: [(name: String, value: Double)]) throws(TrainingError) {
        let event = ProtocolBuffer.event(seconds: Date().timeIntervalSince1970, step: step) { event in
            event.message(5) { summary in
                for (name, value) in values where value.isFinite {
                    summary.message(1) {
                        $0.string(1, name)
                        $0.float(2, Float(value))
                    }
                }
            }
        }
        try write(event)
    }

    private func write(_ event: [UInt8]) throws(TrainingError) {
        let length = littleEndian(UInt64(event.count))
        let record =
            length + littleEndian(CRC32C.masked(length)) + event + littleEndian(CRC32C.masked(event))
        try FileSystem.write(record, to: descriptor, path: path)
    }
}

private func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// The few kinds of protocol buffer fields that an event needs.
private struct ProtocolBuffer {
    private(set) var bytes: [UInt8] = []

    /// An `Event` with its time (field 1, double) and step (field 2, int64).
    static func event(seconds: Double, step: Int, _ body: (inout ProtocolBuffer) -> Void) -> [UInt8] {
        var event = ProtocolBuffer()
        event.key(1, wire: 1)
        event.bytes += littleEndian(seconds.bitPattern)
        event.integer(2, step)
        body(&event)
        return event.bytes
    }

    private mutating func key(_ field: Int, wire: Int) { variable(UInt64(field << 3 | wire)) }

    private mutating func variable(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F | 0x80))
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func integer(_ field: Int, _ value: Int) {
        key(field, wire: 0)
        variable(UInt64(bitPattern: Int64(value)))
    }

    mutating func float(_ field: Int, _ value: Float) {
        key(field, wire: 5)
        bytes += littleEndian(value.bitPattern)
    }

    mutating func string(_ field: Int, _ value: String) {
        key(field, wire: 2)
        variable(UInt64(value.utf8.count))
        bytes += value.utf8
    }

    mutating func message(_ field: Int, _ body: (inout ProtocolBuffer) -> Void) {
        var inner = ProtocolBuffer()
        body(&inner)
        key(field, wire: 2)
        variable(UInt64(inner.bytes.count))
        bytes += inner.bytes
    }
}
