extension Architecture {
    /// The plain LLaMA shape that can hold this model when neurons of weight 0 fill its narrower blocks, or why there is
    /// none. Absent halves are filled too.
    func paddedUniform() -> Result<Architecture, PaddingProblem> {
        let heads = Set(blocks.filter(\.hasAttention).map { [$0.queryHeads, $0.keyValueHeads] })
        guard heads.count == 1, let shared = heads.first else {
            return .failure(
                PaddingProblem(
                    reason: "the blocks have \(heads.count) different head counts, which zeros cannot even out"))
        }
        guard widestIntermediate > 0 else {
            return .failure(PaddingProblem(reason: "no block has a feed-forward half"))
        }
        let block = BlockShape(queryHeads: shared[0], keyValueHeads: shared[1], intermediateSize: widestIntermediate)
        return .success(reshaped(blocks: blocks.map { _ in block }))
    }

    /// This shape with every feed-forward width raised to a multiple of `unit`; absent halves stay absent.
    func padded(toMultiplesOf unit: Int) -> Architecture {
        reshaped(
            blocks: blocks.map { block in
                var block = block
                block.intermediateSize = (block.intermediateSize + unit - 1) / unit * unit
                return block
            })
    }
}

/// Why a shape cannot be padded, one clause.
struct PaddingProblem: Error {
    let reason: String
}
