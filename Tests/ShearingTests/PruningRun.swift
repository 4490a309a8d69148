import Corpus
import Shearing
import Torch
import Training
import Transformer

/// A plain training loop, as short as can be: what the objective does is seen without the trainer's help.
final class PruningRun<O: Objective> {
    let model: LanguageModel
    var objective: O
    /// The loss of each step in nats per counted token, without the regulariser.
    private(set) var losses: [Double] = []
    private var moments: [String: (first: Tensor, second: Tensor)] = [:]
    private let rows: Int

    init(_ model: LanguageModel, _ objective: O, rows: Int = 4) {
        self.model = model
        self.objective = objective
        self.rows = rows
    }

    /// Steps `range`, each over `parts` micro-batches.
    func run(_ range: Range<Int>, parts: Int = 1) throws {
        for step in range where !objective.isFinished {
            try objective.willStep(step, model)
            for group in objective.parameterGroups {
                for parameter in group.parameters { parameter.value.clearGradient() }
            }
            var total = 0.0
            for part in 0..<parts {
                let batch = Self.batch(step: step * parts + part, rows: rows / parts)
                let loss = try objective.loss(model, batch, step: step, tape: nil)
                let mean = try loss.rowSums_B.sum() * (1 / Double(rows * (batch.columns - 1)))
                total += try mean.item()
                if let regulariser = loss.regulariser {
                    try (mean + regulariser * (1 / Double(parts))).backward()
                } else {
                    try mean.backward()
                }
                try objective.didBackward()
            }
            losses.append(total)
            for group in objective.parameterGroups { try self.step(group, count: step + 1) }
            try objective.didStep(StepMetrics(step: step + 1, tokens: 0, loss: total))
        }
    }

    private func step(_ group: ParameterGroup, count: Int) throws {
        for parameter in group.parameters {
            guard let gradient = parameter.gradient else { continue }
            let state = try moments[parameter.name] ?? (Tensor.zeros(parameter.shape), Tensor.zeros(parameter.shape))
            moments[parameter.name] = state
            try withoutGradients {
                try adamWStep(
                    parameters: [parameter.master], gradients: [gradient], firstMoments: [state.first],
                    secondMoments: [state.second], rate: group.rate ?? 1e-3, step: count, maximize: group.maximize)
                try parameter.refresh()
            }
        }
    }

    /// Rows of a pattern that a small model can learn: each token is the one before plus the row's stride.
    static func batch(step: Int, rows: Int, columns: Int = 16, vocabulary: Int = 24) -> TokenBatch {
        var tokens: [Int32] = []
        var targets: [Int32] = []
        for row in 0..<rows {
            let (start, stride) = ((step * 7 + row * 5) % vocabulary, 1 + (step + row) % 3)
            let line = (0..<columns).map { Int32((start + $0 * stride) % vocabulary) }
            tokens += line
            targets += line.dropFirst() + [-1]
        }
        return TokenBatch(
            tokens: tokens, targets: targets, segments: nil, domains: [Int](repeating: 0, count: rows),
            rowIDs: (0..<rows).map { RowID(domain: 0, row: $0) }, rows: rows, columns: columns)
    }
}
