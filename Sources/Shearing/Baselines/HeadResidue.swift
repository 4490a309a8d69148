internal import Torch
public import Transformer

extension LanguageModel {
    /// Adds to the least important of the kept heads what tells each from a pruned one (Minitron, arXiv 2407.14679):
    /// with the heads of a row in order of importance and K of L kept, `head_i <- head_i + (head_i - head_(2K-i+1))` for
    /// the kept i from 2K-L+1 on. Query projections alone where several query heads share a key-value head; keys and
    /// values too where each has its own. Changes this model's weights, so carve it afterwards and keep no other use.
    /// - Parameters:
    ///   - masks: What will be carved: the most important variables of each row by `importance`.
    /// - Throws: `ShearingError.maskShape` when masks or scores are of another model, `.torch`.
    public func foldHeadResidue(
        _ masks: DeterministicMasks, importance: Importance
    ) throws(ShearingError) {
        guard let rows = masks.layout(of: .heads) else { return }
        for pair in HeadResidue.pairs(rows, scores: try importance.scores(for: rows)) {
            guard pair.layer < blocks.count, let attention = blocks[pair.layer].attention else { continue }
            // Quantised projections are run and not changed.
            guard let query = attention.query.weight, let key = attention.key.weight else { continue }
            let shared = query.shape[0] != key.shape[0]
            let projections = shared ? [attention.query] : [attention.query, attention.key, attention.value]
            try withTorch { () throws(TorchError) in
                try withoutGradients { () throws(TorchError) in
                    for projection in projections {
                        for parameter in [projection.weight, projection.bias].compactMap({ $0 }) {
                            try HeadResidue.fold(pair, in: parameter, headSize: architecture.headSize)
                        }
                    }
                }
            }
        }
    }
}

/// Which pruned head's residue goes to which kept one.
enum HeadResidue {
    /// Query heads of one layer.
    struct Pair: Equatable {
        let layer: Int
        let kept: Int
        let pruned: Int
    }

    /// The pairs of all rows; a variable that stands for a group of heads pairs them one by one.
    static func pairs(_ rows: MaskRows, scores: [Float]) -> [Pair] {
        let heads = rows.shape.last ?? 1
        var pairs: [Pair] = []
        for row in 0..<rows.rows {
            let order = TopK.order(scores, row: row, columns: rows.columns)
            let (kept, all) = (rows.kept, rows.columns)
            // Counted from 1 as in the paper.
            for rank in max(1, 2 * kept - all + 1)..<(kept + 1) {
                let (stays, goes) = (order[rank - 1], order[2 * kept - rank])
                for member in 0..<rows.repeats {
                    let (one, other) = (stays * rows.repeats + member, goes * rows.repeats + member)
                    pairs.append(Pair(layer: one / heads, kept: one % heads, pruned: other % heads))
                }
            }
        }
        return pairs
    }

    /// Rows of a projection or elements of its bias.
    static func fold(_ pair: Pair, in parameter: Parameter, headSize: Int) throws(TorchError) {
        func rows(_ head: Int) throws(TorchError) -> Tensor {
            try parameter.master.sliced(0, from: head * headSize, to: (head + 1) * headSize)
        }
        let kept = try rows(pair.kept)
        try kept.copy(from: kept * 2 - rows(pair.pruned))
        try parameter.refresh()
    }
}
