/// What stands before the numbers of a safetensors file: names, dtypes, shapes and places, and free text.
///
/// Strict: every byte after the header belongs to exactly one tensor, as the format demands. Nothing is allocated by a
/// number that the file merely claims.
struct SafetensorsHeader: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var dtype: DType
        var shape: [Int]
        /// Bytes, counted from the end of the header.
        var range: Range<Int>
    }

    /// In the order of their places in the file.
    var entries: [(name: String, entry: Entry)] = []
    var metadata: [String: String] = [:]
    /// Where the numbers start, in bytes of the file.
    var dataStart = 0

    /// The largest header that the format's own readers accept.
    static let maximumBytes = 100_000_000

    struct Fault: Error, Equatable {
        /// Byte of the file.
        var offset: Int
        var reason: String
        var unsupported = false
    }

    static func == (a: SafetensorsHeader, b: SafetensorsHeader) -> Bool {
        a.metadata == b.metadata && a.dataStart == b.dataStart
            && a.entries.elementsEqual(b.entries) { $0.name == $1.name && $0.entry == $1.entry }
    }

    /// Reads and checks the header of a whole file.
    init(file bytes: UnsafeRawBufferPointer) throws(Fault) {
        guard bytes.count >= 8 else {
            throw Fault(offset: 0, reason: "the file has \(bytes.count) bytes, too few for a header's length")
        }
        let length = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        guard length <= UInt64(min(bytes.count - 8, Self.maximumBytes)) else {
            throw Fault(
                offset: 0,
                reason: "the header claims \(length) bytes, but the file has \(bytes.count - 8) after its length "
                    + "and a header has at most \(Self.maximumBytes): is it cut off, or no safetensors file?")
        }
        dataStart = 8 + Int(length)
        var parser = SafetensorsHeaderParser(bytes: UnsafeRawBufferPointer(rebasing: bytes[0..<dataStart]), at: 8)
        let found = try parser.header()
        metadata = found.metadata
        entries = found.entries.sorted {
            ($0.entry.range.lowerBound, $0.entry.range.upperBound) < (
                $1.entry.range.lowerBound, $1.entry.range.upperBound
            )
        }
        var end = 0
        for (name, entry) in entries {
            // First, so that no sum below can be too large for an Int.
            guard entry.range.upperBound <= bytes.count - dataStart else {
                throw Fault(
                    offset: bytes.count,
                    reason: "the file ends here, but tensor \(name) goes to byte \(entry.range.upperBound) after the "
                        + "header: is it cut off?")
            }
            guard entry.range.lowerBound == end else {
                let what = entry.range.lowerBound < end ? "overlaps the tensor before it" : "leaves a gap before it"
                throw Fault(offset: dataStart + entry.range.lowerBound, reason: "tensor \(name) \(what)")
            }
            end = entry.range.upperBound
        }
        guard dataStart + end == bytes.count else {
            throw Fault(
                offset: dataStart + end,
                reason: "\(bytes.count - dataStart - end) bytes after the last tensor belong to none")
        }
    }
}

extension DType {
    /// The name of this dtype in safetensors files.
    var safetensorsName: String {
        switch self {
        case .float32: "F32"
        case .bfloat16: "BF16"
        case .float16: "F16"
        case .int64: "I64"
        case .int32: "I32"
        case .int8: "I8"
        case .uint8: "U8"
        case .bool: "BOOL"
        case .float64: "F64"
        }
    }

    init?(safetensorsName name: String) {
        guard let match = DType.allCases.first(where: { $0.safetensorsName == name }) else { return nil }
        self = match
    }
}
