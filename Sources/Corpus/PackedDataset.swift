/// The rows of one packed file, mapped: opening costs nothing, reading a row costs its bytes.
public final class PackedDataset: Sendable {
    /// The number of rows.
    public var count: Int { format.rowCount }
    /// The tokens of a row, padding included.
    public var sequenceLength: Int { format.rowLength }
    /// The number of entries of the vocabulary; every token is below it.
    public var vocabularySize: Int { format.vocabularySize }
    /// The file's path.
    public var path: String { file.path }
    private let file: MappedFile
    private let format: PackedFormat

    /// Maps the file at `path` and checks its header and its size.
    /// - Throws: `CorpusError.missing`, `.io`, `.corrupt`.
    public init(path: String) throws(CorpusError) {
        let file = try MappedFile(path: path)
        format = try PackedFormat(reading: file.bytes, path: path)
        self.file = file
    }

    /// Copies row `index` into `tokens`, which has room for `sequenceLength` of them.
    /// - Throws: `CorpusError.corrupt` when a token is outside the vocabulary.
    public func copySequence(_ index: Int, into tokens: inout MutableSpan<TokenID>) throws(CorpusError) {
        try tokens.withUnsafeMutableBufferPointer { tokens throws(CorpusError) in
            try copySequence(index, into: tokens)
        }
    }

    func copySequence(_ index: Int, into tokens: UnsafeMutableBufferPointer<TokenID>) throws(CorpusError) {
        precondition(tokens.count >= sequenceLength, "no room for a row of \(sequenceLength) tokens")
        checkIndex(index)
        let start = PackedFormat.headerBytes + index * format.rowBytes
        var largest: UInt32 = 0
        if format.tokenBytes == 2 {
            for place in 0..<sequenceLength {
                let token = UInt32(file.bytes.number(UInt16.self, at: start + 2 * place))
                largest = max(largest, token)
                tokens[place] = TokenID(truncatingIfNeeded: token)
            }
        } else {
            for place in 0..<sequenceLength {
                let token = file.bytes.number(UInt32.self, at: start + 4 * place)
                largest = max(largest, token)
                tokens[place] = TokenID(truncatingIfNeeded: token)
            }
        }
        guard largest < vocabularySize else {
            throw .corrupt(
                path: path, offset: start,
                reason: "row \(index) holds token \(largest) of a vocabulary of \(vocabularySize)",
                remedy: CorpusError.packAgain)
        }
    }

    /// The tokens of row `index`, `[sequenceLength]`, padding included.
    /// - Throws: `CorpusError.corrupt` when a token is outside the vocabulary.
    public func sequence(_ index: Int) throws(CorpusError) -> [TokenID] {
        var tokens = [TokenID](repeating: 0, count: sequenceLength)
        var span = tokens.mutableSpan
        try copySequence(index, into: &span)
        return tokens
    }

    /// The number of tokens of row `index` that are no padding.
    public func length(of index: Int) -> Int {
        checkIndex(index)
        return min(originField(index, 3), sequenceLength)
    }

    /// Where the first token of row `index` comes from.
    public func origin(of index: Int) -> RowOrigin {
        checkIndex(index)
        return RowOrigin(shard: originField(index, 0), line: originField(index, 1), tokenOffset: originField(index, 2))
    }

    /// The places within row `index`, from 1, where another document begins; ascending, none in the padding.
    /// - Throws: `CorpusError.corrupt` when the table of borders is damaged.
    public func borders(of index: Int) throws(CorpusError) -> [Int] {
        let length = length(of: index)
        let offset = format.borderStartsOffset + index * 8
        let first = file.bytes.number(UInt64.self, at: offset)
        let end = file.bytes.number(UInt64.self, at: offset + 8)
        guard first <= end, end <= UInt64(format.borderCount) else {
            throw .corrupt(
                path: path, offset: offset, reason: "the borders of row \(index) lie outside their table",
                remedy: CorpusError.packAgain)
        }
        var places: [Int] = []
        places.reserveCapacity(Int(end - first))
        for border in Int(first)..<Int(end) {
            let place = Int(file.bytes.number(UInt32.self, at: format.bordersOffset + border * 4))
            guard place > places.last ?? 0, place < length else {
                throw .corrupt(
                    path: path, offset: format.bordersOffset + border * 4,
                    reason: "row \(index) has a border at \(place)", remedy: CorpusError.packAgain)
            }
            places.append(place)
        }
        return places
    }

    /// The bytes of rows as they stand in the file.
    func withRowBytes<Result>(
        _ rows: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(CorpusError) -> Result
    ) throws(CorpusError) -> Result {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= count, "rows \(rows) are outside \(count)")
        let start = PackedFormat.headerBytes + rows.lowerBound * format.rowBytes
        return try body(UnsafeRawBufferPointer(rebasing: file.bytes[start..<(start + rows.count * format.rowBytes)]))
    }

    /// The whole file.
    private var fileBytes: UnsafeRawBufferPointer { file.bytes }

    private func originField(_ index: Int, _ field: Int) -> Int {
        Int(file.bytes.number(UInt32.self, at: format.originsOffset + index * PackedFormat.originBytes + field * 4))
    }

    private func checkIndex(_ index: Int) {
        precondition(index >= 0 && index < count, "row \(index) is outside the \(count) rows of \(path)")
    }
}

extension PackedDataset {
    /// SHA-256 of the file, 64 hexadecimal digits.
    func digest() -> String { hexadecimal(SHA256.hash(fileBytes)) }
}
