internal import Corpus
internal import Torch

/// What a step's micro-batches left on the device, and what the host makes of it after one transfer.
struct StepReadings {
    private struct Row {
        var domain: Int
        var id: RowID
        var tokens: Int
    }

    private let total: Int
    private var tensors: [Tensor] = []
    private var rows: [Row] = []
    private var rowSums: [Float] = []
    /// What the other numbers of each micro-batch are, in the order of `tensors`: rows, then regulariser and scalars.
    private var layout: [(rows: Int, share: Double, hasRegulariser: Bool, scalars: [String])] = []
    /// Nats per counted token of the regulariser, summed by shares.
    private(set) var regulariser = 0.0
    /// The objective's scalars, averaged by shares.
    private(set) var scalars: [String: Double] = [:]

    /// - Parameter total: The counted tokens of the step.
    init(total: Int) { self.total = total }

    /// Takes note of a micro-batch without waiting for it.
    mutating func add(
        _ loss: ObjectiveLoss, domains: [Int], rows rowIDs: [RowID], tokens: [Int], share: Double
    ) throws(TorchError) {
        func flat(_ tensor: Tensor) throws(TorchError) -> Tensor { try tensor.detached().to(.float32).reshaped([-1]) }
        tensors.append(try flat(loss.rowSums_B))
        if let regulariser = loss.regulariser { tensors.append(try flat(regulariser)) }
        for scalar in loss.scalars { tensors.append(try flat(scalar.value)) }
        for row in domains.indices { rows.append(Row(domain: domains[row], id: rowIDs[row], tokens: tokens[row])) }
        layout.append((domains.count, share, loss.regulariser != nil, loss.scalars.map(\.name)))
    }

    /// Brings everything over in one transfer.
    /// - Parameter others: Scalars that travel along.
    /// - Returns: The values of `others`.
    mutating func read(with others: [Tensor]) throws(TorchError) -> [Double] {
        var list = tensors
        tensors = []
        for other in others { list.append(try other.detached().to(.float32).reshaped([-1])) }
        let values = try Tensor.concatenated(list, axis: 0).floats()
        var next = 0
        for part in layout {
            rowSums += values[next..<next + part.rows]
            next += part.rows
            if part.hasRegulariser {
                regulariser += part.share * Double(values[next])
                next += 1
            }
            for name in part.scalars {
                scalars[name, default: 0] += part.share * Double(values[next])
                next += 1
            }
        }
        return values[next...].map(Double.init)
    }

    /// Nats per counted token of the whole step.
    var loss: Double { rowSums.reduce(0.0) { $0 + Double($1) } / Double(total) }

    /// Nats per counted token of each domain that has counted tokens.
    func domainLosses(names: [String]) -> [String: Double] {
        var sums: [Int: (nats: Double, tokens: Int)] = [:]
        for (row, sum) in zip(rows, rowSums) {
            sums[row.domain, default: (0, 0)].nats += Double(sum)
            sums[row.domain, default: (0, 0)].tokens += row.tokens
        }
        var losses: [String: Double] = [:]
        for (domain, sum) in sums where sum.tokens > 0 { losses[names[domain]] = sum.nats / Double(sum.tokens) }
        return losses
    }

    /// What is not finite, if anything: a row's loss first, then the regulariser, then the first gradient norm.
    /// - Parameters:
    ///   - step: The step, counted from 1.
    ///   - norms: Gradient norms by clip group.
    ///   - corpus: Knows where rows come from.
    func fault(step: Int, norms: [(name: String, norm: Double)], corpus: PackedCorpus) -> NotFiniteStep? {
        let bad = zip(rows, rowSums).filter { !$0.1.isFinite }.map(\.0)
        if !bad.isEmpty { return fault(step: step, quantity: "loss", bad, corpus) }
        if !regulariser.isFinite { return NotFiniteStep(step: step, quantity: "regulariser", domains: [], rows: []) }
        guard let norm = norms.first(where: { !$0.norm.isFinite }) else { return nil }
        return fault(step: step, quantity: "gradient of the \(norm.name)", rows, corpus)
    }

    private func fault(step: Int, quantity: String, _ rows: [Row], _ corpus: PackedCorpus) -> NotFiniteStep {
        var domains: [String] = []
        for row in rows where !domains.contains(corpus.domains[row.domain]) {
            domains.append(corpus.domains[row.domain])
        }
        let origins = rows.prefix(8).map { row in
            let origin = corpus.origin(of: row.id, in: .training)
            return "row \(row.id.row) of \(corpus.domains[row.domain]), \(origin.shard) line \(origin.line)"
        }
        return NotFiniteStep(step: step, quantity: quantity, domains: domains, rows: origins)
    }
}
