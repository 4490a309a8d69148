/// A packed folder: per domain the rows that are learned from and the rows that are held out.
///
/// It holds `index.json`, `data.lock.json` (what it was made of) and `<domain>/train.bin`, `<domain>/validation.bin`
/// (`PackedDataset`).
public final class PackedCorpus: Sendable {
    /// The folder.
    public let path: String
    /// What the folder says it holds.
    public let index: PackedIndex
    /// SHA-256 of the index, which holds the digests of all rows: equal fingerprints mean equal rows.
    public let fingerprint: String
    private let trainingRows: [PackedDataset]
    private let validationRows: [PackedDataset]

    /// Opens the folder at `path` and checks every file against the index, their digests excepted (see `verify()`).
    /// - Throws: `CorpusError.missing`, `.io`, `.corrupt`.
    public init(at path: String) throws(CorpusError) {
        let index = try JSONFile.read(PackedIndex.self, from: "\(path)/index.json")
        guard index.schema == 1 else {
            throw .corrupt(
                path: "\(path)/index.json", offset: 0,
                reason: "schema \(index.schema), this program reads 1", remedy: CorpusError.packAgain)
        }
        var training: [PackedDataset] = []
        var validation: [PackedDataset] = []
        for domain in index.domains {
            training.append(try Self.open(domain.training, of: index, in: path))
            validation.append(try Self.open(domain.validation, of: index, in: path))
        }
        self.path = path
        self.index = index
        fingerprint = hexadecimal(SHA256.hash(try JSONFile.bytes(index)))
        trainingRows = training
        validationRows = validation
    }

    private static func open(
        _ rows: PackedIndex.Rows, of index: PackedIndex, in folder: String
    ) throws(CorpusError) -> PackedDataset {
        guard !GlobPattern(rows.file).leavesItsFolder else {
            throw .corrupt(
                path: "\(folder)/index.json", offset: 0, reason: "it names \(rows.file), which lies outside its folder",
                remedy: CorpusError.packAgain)
        }
        let dataset = try PackedDataset(path: "\(folder)/\(rows.file)")
        guard dataset.count == rows.rows, dataset.sequenceLength == index.sequenceLength,
            dataset.vocabularySize == index.vocabularySize
        else {
            throw .corrupt(
                path: dataset.path, offset: 16,
                reason: "\(dataset.count) rows of \(dataset.sequenceLength) tokens from a vocabulary of "
                    + "\(dataset.vocabularySize) where the index says \(rows.rows), \(index.sequenceLength) and "
                    + "\(index.vocabularySize)", remedy: CorpusError.packAgain)
        }
        return dataset
    }

    /// The names of the domains, in the manifest's order.
    public var domains: [String] { index.domains.map(\.name) }
    /// The tokens of a row.
    public var sequenceLength: Int { index.sequenceLength }
    /// The number of entries of the vocabulary; every token is below it.
    public var vocabularySize: Int { index.vocabularySize }
    /// The fingerprint of the tokenizer that made the tokens.
    public var tokenizerFingerprint: String { index.tokenizer }
    /// The number of training rows of each domain.
    public var trainingRowCounts: [Int] { trainingRows.map(\.count) }
    /// The number of held-out rows of each domain.
    public var validationRowCounts: [Int] { validationRows.map(\.count) }

    /// The rows of `domain` that are learned from.
    public func training(_ domain: Int) -> PackedDataset { trainingRows[domain] }

    /// The rows of `domain` that are held out; there may be none.
    public func validation(_ domain: Int) -> PackedDataset { validationRows[domain] }

    /// Where a row's first token comes from, with the shard's path as the manifest writes it.
    public func origin(of row: RowID, in split: CorpusSplit) -> (shard: String, line: Int, tokenOffset: Int) {
        let origin = dataset(row.domain, split).origin(of: row.row)
        let shard = index.shards.indices.contains(origin.shard) ? index.shards[origin.shard] : "shard \(origin.shard)"
        return (shard, origin.line, origin.tokenOffset)
    }

    /// The tokens and targets of `rows`, with or without the borders of documents (nil: as the folder was packed).
    /// - Throws: `CorpusError.corrupt` when a row is damaged.
    public func batch(
        _ rows: [RowID], from split: CorpusSplit, borders: DocumentBorders? = nil
    ) throws(CorpusError) -> TokenBatch {
        let columns = sequenceLength
        let separate = (borders ?? index.borders) == .separate
        var batch = TokenBatch(
            tokens: [Int32](repeating: 0, count: rows.count * columns),
            targets: [Int32](repeating: -1, count: rows.count * columns),
            segments: separate ? [Int32](repeating: 0, count: rows.count * columns) : nil,
            domains: rows.map(\.domain), rowIDs: rows, rows: rows.count, columns: columns)
        for (place, row) in rows.enumerated() {
            let dataset = dataset(row.domain, split)
            let start = place * columns
            var tokens = batch.tokens.mutableSpan
            try tokens.withUnsafeMutableBufferPointer { tokens throws(CorpusError) in
                try dataset.copySequence(
                    row.row, into: UnsafeMutableBufferPointer(rebasing: tokens[start..<(start + columns)]))
            }
            let length = dataset.length(of: row.row)
            for column in 0..<max(length - 1, 0) {
                batch.targets[start + column] = batch.tokens[start + column + 1]
            }
            var borders = try dataset.borders(of: row.row)
            if index.packing == .instructions {
                batch.keepAnswers(ofRow: place, borders: borders, length: length)
                // Every other border lies inside an example.
                borders = borders.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            }
            guard separate else { continue }
            let ends = borders + (length < columns && length > 0 ? [length] : [])
            for (number, border) in ends.enumerated() {
                batch.targets[start + border - 1] = -1
                let next = number + 1 < ends.count ? ends[number + 1] : columns
                for column in border..<next { batch.segments?[start + column] = Int32(number + 1) }
            }
        }
        return batch
    }

    /// Reads every file and compares its digest with the index.
    /// - Throws: `CorpusError.digestMismatch`.
    public func verify() throws(CorpusError) {
        for (domain, entry) in index.domains.enumerated() {
            for (dataset, rows) in [(trainingRows[domain], entry.training), (validationRows[domain], entry.validation)]
            {
                let found = dataset.digest()
                guard found == rows.sha256 else {
                    throw .digestMismatch(path: dataset.path, expected: rows.sha256, found: found)
                }
            }
        }
    }

    private func dataset(_ domain: Int, _ split: CorpusSplit) -> PackedDataset {
        split == .training ? trainingRows[domain] : validationRows[domain]
    }
}

extension TokenBatch {
    /// Leaves of a row's targets only those in answers: `borders` says in turn where an answer and where the next prompt
    /// begins.
    fileprivate mutating func keepAnswers(ofRow row: Int, borders: [Int], length: Int) {
        let start = row * columns
        var next = 0
        for (number, border) in borders.enumerated() where number % 2 == 0 {
            // The last token of a prompt predicts the first one of its answer.
            for column in next..<border - 1 { targets[start + column] = -1 }
            next = (number + 1 < borders.count ? borders[number + 1] : length) - 1
        }
        for column in next..<max(length, next) { targets[start + column] = -1 }
    }
}

/// The lower-case hexadecimal digits of `bytes`.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }.joined()
}
