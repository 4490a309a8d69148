public import Corpus
internal import Torch
public import Transformer

/// The loss of each domain on held-out rows.
public struct DomainLoss: Sendable {
    /// Whose validation rows are read.
    public let corpus: PackedCorpus
    /// The first row of each domain that is read, counted from 0; a domain with no more rows than that has no loss.
    public let firstRow: Int
    /// How many rows of each domain at most; `nil`: all that follow.
    public let rowsPerDomain: Int?
    /// Rows per forward pass.
    public let batchRows: Int

    public init(corpus: PackedCorpus, firstRow: Int = 0, rowsPerDomain: Int? = nil, batchRows: Int = 4) {
        self.corpus = corpus
        self.firstRow = max(firstRow, 0)
        self.rowsPerDomain = rowsPerDomain
        self.batchRows = batchRows
    }

    /// Measures all domains, in the corpus's order. No gradients; the model is not changed.
    /// - Parameters:
    ///   - masks: `nil` masks nothing.
    ///   - view: Which blocks and neurons run; `nil`: all.
    ///   - observe: Told the rows done and the rows of all domains.
    /// - Throws: `EvaluationError.vocabulary` when the rows hold tokens that the model does not know, `.corpus`, `.torch`.
    public func measure(
        _ model: LanguageModel, masks: LayerMasks? = nil, view: SubNetworkView? = nil,
        observe: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(EvaluationError) -> [DomainScore] {
        try measureRows(model, masks: masks, view: view, observe: observe).map { DomainScore($0) }
    }

    /// As `measure`, row by row: what paired comparisons of models need.
    public func measureRows(
        _ model: LanguageModel, masks: LayerMasks? = nil, view: SubNetworkView? = nil,
        observe: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(EvaluationError) -> [Measurements.Domain] {
        guard corpus.vocabularySize <= model.architecture.vocabularySize else {
            throw .vocabulary(corpus: corpus.vocabularySize, model: model.architecture.vocabularySize)
        }
        let ranges = corpus.domains.indices.map { domain in
            let left = max(corpus.validation(domain).count - firstRow, 0)
            return firstRow..<(firstRow + min(left, rowsPerDomain ?? .max))
        }
        let total = ranges.reduce(0) { $0 + $1.count }
        var done = 0
        var domains: [Measurements.Domain] = []
        for (domain, name) in corpus.domains.enumerated() {
            var sums: [Double] = []
            var tokens: [Int] = []
            for start in stride(from: ranges[domain].lowerBound, to: ranges[domain].upperBound, by: max(batchRows, 1)) {
                let rows = (start..<min(start + max(batchRows, 1), ranges[domain].upperBound)).map {
                    RowID(domain: domain, row: $0)
                }
                let batch = try withCorpus { () throws(CorpusError) in try corpus.batch(rows, from: .validation) }
                sums += try withTorch { () throws(TorchError) in
                    try withoutGradients { () throws(TorchError) in
                        try model.rowLosses(of: batch, masks: masks, view: view).floats().map(Double.init)
                    }
                }
                tokens += batch.rowTokens
                done += rows.count
                observe(done, total)
            }
            domains.append(Measurements.Domain(domain: name, rowSums: sums, rowTokens: tokens))
        }
        return domains
    }
}
