internal import Files

/// Writes a packed file, row after row; it appears under its path when committed, and leaves nothing when dropped.
public struct PackedShardWriter: ~Copyable {
    /// The path that the file will have.
    public let path: String
    /// The rows written so far.
    public private(set) var rowCount = 0
    /// The tokens written so far, without padding.
    public private(set) var tokenCount = 0
    private let rowLength: Int
    private let vocabularySize: Int
    private var file: StagedFile
    private var origins: [UInt8] = []
    private var borderStarts: [Int] = [0]
    private var borders: [UInt32] = []
    private var rowBytes: [UInt8] = []

    /// Begins a file of rows of `rowLength` tokens below `vocabularySize`; the folder of `path` exists.
    /// - Throws: `CorpusError.io`, `.diskFull`, or `.invalidArgument` for lengths below 1.
    public init(path: String, rowLength: Int, vocabularySize: Int) throws(CorpusError) {
        guard rowLength > 0, rowLength <= 1 << 30, vocabularySize > 0, vocabularySize <= 1 << 31 else {
            throw .invalidArgument(
                reason: "Cannot pack rows of \(rowLength) tokens from a vocabulary of \(vocabularySize)",
                remedy: "both must be at least 1 and at most 2^30")
        }
        var file = try StagedFile(path: path)
        try file.write(Self.format(rowLength, vocabularySize).header)
        self.path = path
        self.rowLength = rowLength
        self.vocabularySize = vocabularySize
        self.file = file
    }

    private static func format(_ rowLength: Int, _ vocabularySize: Int) -> PackedFormat {
        PackedFormat(rowLength: rowLength, rowCount: 0, borderCount: 0, vocabularySize: vocabularySize)
    }

    /// Adds a row of 1 to `rowLength` tokens; a shorter one is padded.
    /// - Throws: `CorpusError.vocabularyMismatch`, `.io`, `.diskFull`.
    public mutating func append(_ row: PackedRow) throws(CorpusError) {
        precondition(!row.tokens.isEmpty && row.tokens.count <= rowLength, "a packed row has 1 to \(rowLength) tokens")
        rowBytes.removeAll(keepingCapacity: true)
        let narrow = vocabularySize <= 1 << 16
        for token in row.tokens {
            guard token >= 0, Int(token) < vocabularySize else {
                throw .vocabularyMismatch(path: path, token: Int(token), vocabularySize: vocabularySize)
            }
            if narrow {
                rowBytes.append(UInt8(truncatingIfNeeded: token))
                rowBytes.append(UInt8(truncatingIfNeeded: token >> 8))
            } else {
                rowBytes.append(littleEndian: token)
            }
        }
        rowBytes.append(
            contentsOf: repeatElement(0, count: (rowLength - row.tokens.count) * (narrow ? 2 : 4)))
        try file.write(rowBytes)
        try append(row.origin, length: row.tokens.count, borders: row.borders)
    }

    /// Adds rows of another file of the same row length and vocabulary; they keep their lines and get `shard`.
    /// - Throws: `CorpusError.invalidArgument` when the files do not fit, `.corrupt`, `.io`, `.diskFull`.
    public mutating func append(_ rows: Range<Int>, of dataset: PackedDataset, shard: Int) throws(CorpusError) {
        guard dataset.sequenceLength == rowLength, dataset.vocabularySize == vocabularySize else {
            throw .invalidArgument(
                reason: "\(dataset.path) has rows of \(dataset.sequenceLength) tokens from a vocabulary of "
                    + "\(dataset.vocabularySize), \(path) has \(rowLength) and \(vocabularySize)",
                remedy: "pack both with the same settings")
        }
        try dataset.withRowBytes(rows) { bytes throws(CorpusError) in try file.write(bytes) }
        for row in rows {
            var origin = dataset.origin(of: row)
            origin.shard = shard
            try append(origin, length: dataset.length(of: row), borders: try dataset.borders(of: row))
        }
    }

    private mutating func append(_ origin: RowOrigin, length: Int, borders: [Int]) throws(CorpusError) {
        for value in [origin.shard, origin.line, origin.tokenOffset, length] {
            guard let value = UInt32(exactly: value) else {
                throw .invalidArgument(
                    reason: "\(path): line \(origin.line) of shard \(origin.shard) is out of the format's reach",
                    remedy: "split shards of more than 2^32 lines")
            }
            origins.append(littleEndian: value)
        }
        for border in borders { self.borders.append(UInt32(border)) }
        borderStarts.append(self.borders.count)
        rowCount += 1
        tokenCount += length
    }

    /// Completes the file and opens it.
    /// - Throws: `CorpusError.io`, `.diskFull`.
    public consuming func commit() throws(CorpusError) -> PackedDataset {
        try commit(isDurable: true)
    }

    /// Completes the file and opens it; `isDurable` says whether it must outlive a loss of power from then on.
    consuming func commit(isDurable: Bool) throws(CorpusError) -> PackedDataset {
        var format = Self.format(rowLength, vocabularySize)
        format.rowCount = rowCount
        format.borderCount = borders.count
        try file.write([UInt8](repeating: 0, count: format.originsOffset - file.byteCount))
        try file.write(origins)
        var table: [UInt8] = []
        table.reserveCapacity(borderStarts.count * 8 + borders.count * 4)
        for start in borderStarts { table.append(littleEndian: UInt64(start)) }
        for border in borders { table.append(littleEndian: border) }
        try file.write(table)
        let header = format.header
        try header.span.withUnsafeBytes { bytes throws(CorpusError) in try file.rewrite(bytes, at: 0) }
        try file.commit(isDurable: isDurable)
        return try PackedDataset(path: path)
    }
}
