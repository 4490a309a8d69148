internal import Corpus
internal import Torch

/// What a step's micro-batches left on the device, and what the host makes of it after one transfer.
struct StepReadings {
    private struct Row {
        var domain: Int
        var id: RowID
        var tokens: Int
    }

    private var tensors: [Tensor] = []
    private var rows: [Row] = []
    private var rowSums: [Float] = []
    /// What the other numbers of each micro-batch are, in the order of `tensors`: rows, then regulariser and scalars.
    private var layout: [(rows: Int, share: Double, hasRegulariser: Bool, scalars: [String], isListed: Bool)] = []

    /// Takes note of a micro-batch without waiting for it.
    /// - Parameter isListed: Whether its rows are to be told.
    mutating func add(
        _ loss: ObjectiveLoss, domains: [Int], rows rowIDs: [RowID], tokens: [Int], share: Double, isListed: Bool
    ) throws(TorchError) {
        func flat(_ tensor: Tensor) throws(TorchError) -> Tensor { try tensor.detached().to(.float32).reshaped([-1]) }
        tensors.append(try flat(loss.rowSums_B))
        if let regulariser = loss.regulariser { tensors.append(try flat(regulariser)) }
        for scalar in loss.scalars { tensors.append(try flat(scalar.value)) }
        for row in domains.indices { rows.append(Row(domain: domains[row], id: rowIDs[row], tokens: tokens[row])) }
        layout.append((domains.count, share, loss.regulariser != nil, loss.scalars.map(\.name), isListed))
    }

    /// Brings everything over in one transfer.
    /// - Parameter norms: Scalars that travel along.
    mutating func read(with norms: [Tensor]) throws(TorchError) -> RankSummary {
        var summary = RankSummary()
        var list = tensors
        tensors = []
        for norm in norms { list.append(try norm.detached().to(.float32).reshaped([-1])) }
        if list.isEmpty { return summary }
        let values = try Tensor.concatenated(list, axis: 0).floats()
        var next = 0
        var row = 0
        for part in layout {
            var found = StepSummary()
            for (row, sum) in zip(rows[row..<row + part.rows], values[next..<next + part.rows]) {
                found.nats += Double(sum)
                found.domains[row.domain, default: StepSummary.Domain()].nats += Double(sum)
                found.domains[row.domain, default: StepSummary.Domain()].tokens += row.tokens
                if !sum.isFinite { found.badRows += 1 }
                if part.isListed { found.rows = (found.rows ?? [:]).merging([row.domain: [row.id.row]]) { $0 + $1 } }
            }
            rowSums += values[next..<next + part.rows]
            next += part.rows
            row += part.rows
            if part.hasRegulariser {
                found.regulariser += part.share * Double(values[next])
                next += 1
            }
            for name in part.scalars {
                found.scalars[name, default: 0] += part.share * Double(values[next])
                next += 1
            }
            summary.parts.append(found)
        }
        summary.norms = values[next...].map(Double.init)
        return summary
    }

    /// What is not finite, if anything: a row's loss first, then the regulariser, then the first gradient norm.
    /// - Parameters:
    ///   - step: The step, counted from 1.
    ///   - summary: What all rows of the step gave, those of other ranks too.
    ///   - clips: The names of the clip groups, in the order of the summary's norms.
    ///   - corpus: Knows where rows come from.
    /// - Returns: The quantity, with those of this rank's rows that it may come from.
    func fault(step: Int, in summary: StepSummary, clips: [String], corpus: PackedCorpus) -> NotFiniteStep? {
        if summary.badRows > 0 {
            let bad = zip(rows, rowSums).filter { !$0.1.isFinite }.map(\.0)
            return fault(step: step, quantity: "loss", bad, corpus)
        }
        guard summary.regulariser.isFinite else {
            return NotFiniteStep(step: step, quantity: "regulariser", domains: [], rows: [])
        }
        guard let name = zip(clips, summary.norms).first(where: { !$1.isFinite })?.0 else { return nil }
        return fault(step: step, quantity: "gradient of the \(name)", rows, corpus)
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
