internal import Torch

/// Which rows of each step one rank computes: a contiguous piece of them, in micro-batches. The pieces of all ranks are
/// the step's rows, each once, whatever the number of ranks.
struct RowShare: Equatable {
    /// The parts of a step, over all ranks.
    let count: Int
    /// Those of this rank; some are empty where there are more parts than rows.
    let parts: Range<Int>

    /// - Parameters:
    ///   - batchRows: The rows of a step.
    ///   - microBatchRows: Rows per forward and backward pass at most; `nil`: all of a rank at once.
    init(batchRows: Int, microBatchRows: Int?, rank: Int = 0, ranks: Int = 1) {
        let own = (batchRows + ranks - 1) / ranks
        let rows = min(microBatchRows ?? own, own)
        let perRank = (own + rows - 1) / rows
        count = ranks * perRank
        parts = rank * perRank..<(rank + 1) * perRank
    }

    init(_ settings: TrainingSettings, _ group: ProcessGroup?) {
        self.init(
            batchRows: settings.batchRows, microBatchRows: settings.microBatchRows, rank: group?.rank ?? 0,
            ranks: group?.count ?? 1)
    }
}
