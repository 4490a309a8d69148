/// How documents become rows of one length.
public enum Packing: String, Codable, Sendable, CaseIterable {
    /// The paper's: the documents of a file one after the other, cut into rows; a row is cut only when a token follows
    /// it, and what is left at the end of the file, 1 to a row's tokens, is dropped.
    case shearingV1 = "shearing-v1"
    /// Nothing is dropped: what is left of each file fills common rows, and the last of these is padded.
    case keepAll = "keep-all"
    /// Rows of whole examples, of which only the answers are learned; for records that are instructions. What is left
    /// of a row is padded.
    case instructions

    /// What batches do at the borders of documents unless told otherwise.
    public var defaultBorders: DocumentBorders { self == .shearingV1 ? .joined : .separate }
}

/// Cuts a sequence of tokenised documents into rows; the state between two documents is less than a row.
public struct SequencePacker: Sendable {
    /// How documents become rows.
    public let packing: Packing
    /// The tokens of a row.
    public let rowLength: Int
    /// The tokens that were given.
    public private(set) var tokenCount = 0
    /// The tokens that were dropped, known after `finish`.
    public private(set) var droppedTokens = 0
    private var pending: [TokenID] = []
    /// Where in `pending` each document begins or goes on.
    private var pieces: [(place: Int, origin: RowOrigin)] = []

    /// A packer without leftovers; `rowLength` is at least 1.
    public init(packing: Packing, rowLength: Int) {
        precondition(rowLength > 0, "a row has at least one token")
        self.packing = packing
        self.rowLength = rowLength
    }

    /// Takes a document's tokens (or the later part of one: `origin` says which) and hands on the rows they complete.
    /// - Throws: what `emit` throws.
    public mutating func append<Failure: Error>(
        _ tokens: [TokenID], from origin: RowOrigin, emit: (PackedRow) throws(Failure) -> Void
    ) throws(Failure) {
        guard !tokens.isEmpty else { return }
        pieces.append((pending.count, origin))
        pending.append(contentsOf: tokens)
        tokenCount += tokens.count
        let following = packing == .shearingV1 ? 1 : 0
        var start = 0
        while start + rowLength + following <= pending.count {
            try emit(row(start..<(start + rowLength)))
            start += rowLength
        }
        drop(start)
    }

    /// Ends the file: drops what is left or hands it on as a short row, as the packing wants.
    /// - Throws: what `emit` throws.
    public mutating func finish<Failure: Error>(emit: (PackedRow) throws(Failure) -> Void) throws(Failure) {
        switch packing {
        case .shearingV1: droppedTokens += pending.count
        case .keepAll, .instructions: if !pending.isEmpty { try emit(row(0..<pending.count)) }
        }
        drop(pending.count)
    }

    /// What is left, document by document, for another packer to go on with; nothing is left afterwards.
    public mutating func takeRest() -> [(tokens: [TokenID], origin: RowOrigin)] {
        let rest = pieces.indices.map { index in
            let end = index + 1 < pieces.count ? pieces[index + 1].place : pending.count
            return (Array(pending[pieces[index].place..<end]), pieces[index].origin)
        }
        drop(pending.count)
        return rest
    }

    private func row(_ range: Range<Int>) -> PackedRow {
        var origin = RowOrigin(shard: 0, line: 0, tokenOffset: 0)
        var borders: [Int] = []
        for piece in pieces where piece.place < range.upperBound {
            if piece.place <= range.lowerBound {
                origin = piece.origin
                origin.tokenOffset += range.lowerBound - piece.place
            } else {
                borders.append(piece.place - range.lowerBound)
            }
        }
        return PackedRow(tokens: Array(pending[range]), borders: borders, origin: origin)
    }

    private mutating func drop(_ count: Int) {
        guard count > 0 else { return }
        let first = pieces.lastIndex { $0.place <= count } ?? 0
        let isAtEnd = count == pending.count
        pieces.removeFirst(isAtEnd ? pieces.count : first)
        pending.removeFirst(count)
        for index in pieces.indices {
            let place = pieces[index].place - count
            if place < 0 { pieces[index].origin.tokenOffset -= place }
            pieces[index].place = max(place, 0)
        }
    }
}
