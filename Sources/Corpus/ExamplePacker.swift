/// Fills rows with whole examples of a prompt and an answer; the borders of such rows alternate: where the first answer
/// begins, where the second prompt begins, where its answer begins, and so on.
///
/// An example longer than a row loses the end of its answer; one whose prompt leaves no room for an answer is dropped.
struct ExamplePacker: Sendable {
    let rowLength: Int
    /// The tokens that were given.
    private(set) var tokenCount = 0
    /// The tokens that were dropped.
    private(set) var droppedTokens = 0
    private var pending: [TokenID] = []
    private var borders: [Int] = []
    private var origin = RowOrigin(shard: 0, line: 0, tokenOffset: 0)

    /// A packer without leftovers; `rowLength` is at least 1.
    init(rowLength: Int) { self.rowLength = rowLength }

    /// Takes an example whose answer begins at `answerStart` of its tokens, and hands on the row that it does not fit in.
    mutating func append<Failure: Error>(
        _ tokens: [TokenID], answerStart: Int, from origin: RowOrigin, emit: (PackedRow) throws(Failure) -> Void
    ) throws(Failure) {
        tokenCount += tokens.count
        let kept = min(tokens.count, rowLength)
        guard answerStart > 0, answerStart < kept else {
            droppedTokens += tokens.count
            return
        }
        droppedTokens += tokens.count - kept
        if pending.count + kept > rowLength { try finish(emit: emit) }
        if pending.isEmpty { self.origin = origin } else { borders.append(pending.count) }
        borders.append(pending.count + answerStart)
        pending += tokens[..<kept]
    }

    /// Hands on the row that is not full, if any.
    mutating func finish<Failure: Error>(emit: (PackedRow) throws(Failure) -> Void) throws(Failure) {
        guard !pending.isEmpty else { return }
        try emit(PackedRow(tokens: pending, borders: borders, origin: origin))
        pending.removeAll(keepingCapacity: true)
        borders.removeAll()
    }
}
