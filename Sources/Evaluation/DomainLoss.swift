public import Corpus
public import Torch
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
    ///   - group: Ranks that all hold the model and call this: each measures some of the batches, and all get the same
    ///     result, to the bit what one gets alone.
    ///   - observe: Told the rows done and the rows of all domains.
    /// - Throws: `EvaluationError.vocabulary` when the rows hold tokens that the model does not know, `.corpus`, `.torch`.
    public func measure(
        _ model: LanguageModel, masks: LayerMasks? = nil, view: SubNetworkView? = nil, over group: ProcessGroup? = nil,
        observe: (_ done: Int, _ of: Int) -> Void = { _, _ in }
    ) throws(EvaluationError) -> [DomainScore] {
        try measureRows(model, masks: masks, view: view, over: group, observe: observe).map { DomainScore($0) }
    }

    /// As `measure`, row by row: what paired comparisons of models need.
    public func measureRows(
        _ model: LanguageModel, masks: LayerMasks? = nil, view: SubNetworkView? = nil, over group: ProcessGroup? = nil,
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
        var number = 0
        var domains: [Measurements.Domain] = []
        for (domain, name) in corpus.domains.enumerated() {
            var sums: [Double] = []
            var tokens: [Int] = []
            for start in stride(from: ranges[domain].lowerBound, to: ranges[domain].upperBound, by: max(batchRows, 1)) {
                let rows = (start..<min(start + max(batchRows, 1), ranges[domain].upperBound)).map {
                    RowID(domain: domain, row: $0)
                }
                done += rows.count
                number += 1
                if let group, (number - 1) % group.count != group.rank {
                    sums += rows.map { _ in 0 }
                    tokens += rows.map { _ in 0 }
                    continue
                }
                let batch = try withCorpus { () throws(CorpusError) in try corpus.batch(rows, from: .validation) }
                sums += try withTorch { () throws(TorchError) in
                    try withoutGradients { () throws(TorchError) in
                        try model.rowLosses(of: batch, masks: masks, view: view).floats().map(Double.init)
                    }
                }
                tokens += batch.rowTokens
                observe(done, total)
            }
            domains.append(Measurements.Domain(domain: name, rowSums: sums, rowTokens: tokens))
        }
        guard let group, total > 0 else { return domains }
        return try withTorch { () throws(TorchError) in try Self.joined(domains, over: group) }
    }

    /// What all ranks have measured: where one has a row, the others have zeros.
    private static func joined(
        _ domains: [Measurements.Domain], over group: ProcessGroup
    ) throws(TorchError) -> [Measurements.Domain] {
        let sums = try group.sums(domains.flatMap(\.rowSums))
        let tokens = try group.sums(domains.flatMap { $0.rowTokens.map(Double.init) })
        var next = 0
        return domains.map { domain in
            let range = next..<next + domain.rowSums.count
            next = range.upperBound
            return Measurements.Domain(
                domain: domain.domain, rowSums: Array(sums[range]), rowTokens: tokens[range].map { Int($0) })
        }
    }
}
