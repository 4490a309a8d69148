internal import Corpus
internal import Evaluation

extension Workbench {
    /// The losses on the held-out rows that `range` takes of each domain; what has none is named in a note.
    /// - Throws: `.mismatch` when no domain has any.
    func heldOutLoss(
        on range: RowRange, of corpus: PackedCorpus, _ packed: Artifact
    ) throws(PipelineError) -> DomainLoss {
        let without = corpus.domains.indices.filter { range.taken(of: corpus.validationRowCounts[$0]) == 0 }
        guard without.count < corpus.domains.count else {
            if corpus.validationRowCounts.allSatisfy({ $0 == 0 }) {
                throw .mismatch(
                    "\(packed.record.id) has no held-out rows",
                    remedy: "give its manifest validation files or a validation_fraction such as 0.01")
            }
            throw .mismatch(
                "no domain of \(packed.record.id) has held-out rows in the range \(range)",
                remedy: "begin earlier, or hold out more text")
        }
        if !without.isEmpty {
            let names = without.map { corpus.domains[$0] }.joined(separator: ", ")
            note("the domains \(names) have no held-out rows in the range \(range) and do not count")
        }
        return DomainLoss(
            corpus: corpus, firstRow: range.from, rowsPerDomain: range.count, batchRows: runtime.evaluationRows)
    }
}
