internal import Torch

/// Which rows of each step one rank computes: a contiguous piece of them, in micro-batches. The pieces of all ranks are
/// the step's rows, each once, whatever the number of ranks.
///
/// Where the number of parts is fixed, micro-batches are the same for any number of ranks: each part falls into as many of
/// them as its rows need, and ranks take whole parts.
struct RowShare: Equatable {
    /// The parts of a step, over all ranks.
    let count: Int
    /// Those of this rank; some are empty where there are more parts than rows.
    let parts: Range<Int>
    /// How many micro-batches in a row are one of the fixed parts; `nil` where their number is not fixed.
    let perFixedPart: Int?

    /// - Parameters:
    ///   - batchRows: The rows of a step.
    ///   - microBatchRows: Rows per forward and backward pass at most; `nil`: all of a rank at once.
    ///   - fixedParts: `nil`: as many as ranks and micro-batches ask for.
    init(batchRows: Int, microBatchRows: Int?, fixedParts: Int? = nil, rank: Int = 0, ranks: Int = 1) {
        if let fixedParts {
            let own = (batchRows + fixedParts - 1) / fixedParts
            let rows = min(microBatchRows ?? own, own)
            let each = (own + rows - 1) / rows
            let taken = RowShare.fixed(fixedParts, rank: rank, ranks: ranks)
            count = fixedParts * each
            parts = taken.lowerBound * each..<taken.upperBound * each
            perFixedPart = each
            return
        }
        perFixedPart = nil
        let own = (batchRows + ranks - 1) / ranks
        let rows = min(microBatchRows ?? own, own)
        let perRank = (own + rows - 1) / rows
        count = ranks * perRank
        parts = rank * perRank..<(rank + 1) * perRank
    }

    init(_ settings: TrainingSettings, _ group: ProcessGroup?) {
        self.init(
            batchRows: settings.batchRows, microBatchRows: settings.microBatchRows, fixedParts: settings.fixedParts,
            rank: group?.rank ?? 0, ranks: group?.count ?? 1)
    }

    /// The number of fixed parts; 1 where it is not fixed.
    var fixedParts: Int { perFixedPart.map { count / $0 } ?? 1 }

    /// The fixed parts of a step that a rank takes.
    static func fixed(_ parts: Int, rank: Int, ranks: Int) -> Range<Int> {
        rank * parts / ranks..<(rank + 1) * parts / ranks
    }
}
