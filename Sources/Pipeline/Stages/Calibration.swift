internal import Corpus

/// Training rows on which importance is measured: all domains alike, drawn by the seed.
/// - Throws: `.corpus` when rows cannot be read.
func calibrationBatches(
    of corpus: PackedCorpus, count: Int, rows: Int, seed: UInt64
) throws(PipelineError) -> [TokenBatch] {
    try withCorpus { () throws(CorpusError) in
        let loader = try MixtureLoader(
            corpus: corpus, weights: corpus.trainingRowCounts.map { $0 > 0 ? 1 : 0 }, batchRows: rows, seed: seed,
            exhausted: .repeat)
        var batches: [TokenBatch] = []
        for step in 0..<count { batches.append(try loader.rows(step: step)) }
        return batches
    }
}
