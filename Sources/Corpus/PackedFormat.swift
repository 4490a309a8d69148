/// The layout of a packed file, version 1; all numbers are little-endian.
///
/// | bytes | content |
/// |---|---|
/// | 0 ..< 8 | `SHRPACK` and a zero |
/// | 8 ..< 12 | version, UInt32: 1 |
/// | 12 ..< 16 | bytes of a token, UInt32: 2 where the vocabulary has at most 65,536 entries, else 4 |
/// | 16 ..< 24 | tokens of a row, T |
/// | 24 ..< 32 | rows, R |
/// | 32 ..< 40 | borders, B |
/// | 40 ..< 48 | entries of the vocabulary |
/// | 48 ..< 56 | bytes of the whole file |
/// | 56 ..< 64 | zero |
/// | then | tokens `[R, T]`, UInt16 or UInt32, padded with zeros to a multiple of 8 bytes |
/// | then | origins, R times four UInt32: shard, line (from 1), offset of the row's first token in its document's tokens, tokens that are no padding |
/// | then | first border of each row, R + 1 times UInt64 |
/// | then | borders, B times UInt32: places within their row, 1 to T - 1, where another document begins |
struct PackedFormat: Equatable {
    var rowLength: Int
    var rowCount: Int
    var borderCount: Int
    var vocabularySize: Int

    static let magic: [UInt8] = Array("SHRPACK\0".utf8)
    static let version: UInt32 = 1
    static let headerBytes = 64
    static let originBytes = 16

    var tokenBytes: Int { vocabularySize <= 1 << 16 ? 2 : 4 }
    var rowBytes: Int { rowLength * tokenBytes }
    var originsOffset: Int { Self.headerBytes + (rowCount * rowBytes + 7) / 8 * 8 }
    var borderStartsOffset: Int { originsOffset + rowCount * Self.originBytes }
    var bordersOffset: Int { borderStartsOffset + (rowCount + 1) * 8 }
    var fileBytes: Int { bordersOffset + borderCount * 4 }

    /// The 64 bytes that a file begins with.
    var header: [UInt8] {
        var bytes = Self.magic
        bytes.append(littleEndian: Self.version)
        bytes.append(littleEndian: UInt32(tokenBytes))
        for value in [rowLength, rowCount, borderCount, vocabularySize, fileBytes, 0] {
            bytes.append(littleEndian: UInt64(value))
        }
        return bytes
    }

    init(rowLength: Int, rowCount: Int, borderCount: Int, vocabularySize: Int) {
        self.rowLength = rowLength
        self.rowCount = rowCount
        self.borderCount = borderCount
        self.vocabularySize = vocabularySize
    }

    /// Reads and checks the header of `bytes`, the whole file at `path`.
    init(reading bytes: UnsafeRawBufferPointer, path: String) throws(CorpusError) {
        func corrupt(_ offset: Int, _ reason: String) -> CorpusError {
            .corrupt(path: path, offset: offset, reason: reason, remedy: CorpusError.packAgain)
        }
        guard bytes.count >= Self.headerBytes else {
            throw corrupt(bytes.count, "\(bytes.count) bytes are too few for the header of a packed file")
        }
        guard bytes[..<8].elementsEqual(Self.magic) else { throw corrupt(0, "no packed file: its first bytes differ") }
        let version = bytes.number(UInt32.self, at: 8)
        guard version == Self.version else {
            throw corrupt(8, "packed format \(version), this program reads \(Self.version)")
        }
        let limit = UInt64(1) << 40
        let fields = (0..<6).map { bytes.number(UInt64.self, at: 16 + 8 * $0) }
        guard fields[0] > 0, fields[3] > 0, fields[0] <= 1 << 31, fields[3] <= 1 << 31, fields[1] < limit,
            fields[2] < limit, fields[5] == 0,
            fields[1].multipliedReportingOverflow(by: fields[0] * 4).overflow == false,
            fields[1] * fields[0] < 1 << 50
        else { throw corrupt(16, "sizes that no packed file has") }
        self.init(
            rowLength: Int(fields[0]), rowCount: Int(fields[1]), borderCount: Int(fields[2]),
            vocabularySize: Int(fields[3]))
        guard bytes.number(UInt32.self, at: 12) == UInt32(tokenBytes) else {
            throw corrupt(12, "a token width that does not fit the vocabulary of \(vocabularySize)")
        }
        guard fields[4] == UInt64(fileBytes), bytes.count == fileBytes else {
            throw corrupt(bytes.count, "\(bytes.count) bytes where the header says \(fileBytes)")
        }
    }
}

extension [UInt8] {
    mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    /// The little-endian number that begins at byte `offset`.
    func number<Number: FixedWidthInteger>(_ type: Number.Type, at offset: Int) -> Number {
        Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }
}
