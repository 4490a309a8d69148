internal import Corpus
internal import Torch

/// The rows of a step that are this rank's, and how much all ranks have together.
struct StepRows {
    /// The micro-batches.
    var parts: [TokenBatch]
    /// Positions with a target, over all ranks.
    var countedTokens: Int
    /// All positions, over all ranks.
    var tokens: Int

    init(_ parts: [TokenBatch]) {
        self.parts = parts
        countedTokens = parts.reduce(0) { $0 + $1.countedTokens }
        tokens = parts.reduce(0) { $0 + $1.rows * $1.columns }
    }
}

// What ranks agree on. Alone, a trainer agrees with itself.
extension Trainer {
    /// Whether this rank writes files and speaks.
    var speaks: Bool { group?.isFirst ?? true }

    /// Why the run ends before its next step, the same on all ranks; `nil`: it goes on.
    func endBeforeStep() throws(TrainingError) -> RunEnd? {
        // 0: no wish to stop, 1: by hand, otherwise the signal's number and 1.
        let wish = stop.isRaised ? 1 + Double(stop.signal ?? 0) : 0
        var flags = [objective.isFinished ? 1 : 0, wish]
        if let group {
            group.place("step \(step + 1) of \(stage)")
            flags = try withTorch { () throws(TorchError) in try group.maxima(flags) }
        }
        if flags[0] > 0 { return .finished }
        return flags[1] > 0 ? .stopped(signal: flags[1] > 1 ? Int32(flags[1] - 1) : nil) : nil
    }

    /// The rows of the next step. When a rank cannot have its own, all leave a checkpoint of what was reached.
    func stepRows(isLast: Bool) throws(TrainingError) -> StepRows {
        let found: Result<StepRows, TrainingError>
        do throws(TrainingError) {
            found = .success(StepRows(try batches.rows(step: step, isLast: isLast)))
        } catch { found = .failure(error) }
        let failure: TrainingError? = if case .failure(let error) = found { error } else { nil }
        guard let group else {
            if failure != nil { try? saveCheckpoint() }
            return try found.get()
        }
        let own = (try? found.get()) ?? StepRows([])
        let sums = try withTorch { () throws(TorchError) in
            try group.sums([Double(own.countedTokens), Double(own.tokens), failure == nil ? 0 : 1])
        }
        guard sums[2] == 0 else {
            let reasons = try withTorch { () throws(TorchError) in
                try group.texts(failure.map { "\($0)" } ?? "")
            }
            try? saveCheckpoint()
            if let failure { throw failure }
            let rank = reasons.firstIndex { !$0.isEmpty } ?? 0
            throw .torch(
                TorchError(
                    code: .rankLost, operation: "rows of step \(step + 1)",
                    message: "rank \(rank) cannot go on: \(reasons[rank])"))
        }
        var rows = own
        rows.countedTokens = Int(sums[0])
        rows.tokens = Int(sums[1])
        return rows
    }

    /// What the rows of all ranks gave.
    func joined(_ own: RankSummary) throws(TrainingError) -> StepSummary {
        .joined(try ofAllRanks(own), isNormOfPart: shards?.sharing == .gradients)
    }

    /// A fault with the rows of all ranks that it may come from.
    func joined(_ own: NotFiniteStep) throws(TrainingError) -> NotFiniteStep {
        var fault = NotFiniteStep(step: own.step, quantity: own.quantity, domains: [], rows: [])
        for other in try ofAllRanks(own) {
            for domain in other.domains where !fault.domains.contains(domain) { fault.domains.append(domain) }
            fault.rows += other.rows
        }
        fault.rows = Array(fault.rows.prefix(8))
        return fault
    }

    /// What each rank has, in their order.
    private func ofAllRanks<Value: Codable>(_ own: Value) throws(TrainingError) -> [Value] {
        guard let group else { return [own] }
        let place = "what ranks tell each other in step \(step + 1)"
        let text = String(decoding: try CheckpointJSON.encoded(own, path: place), as: UTF8.self)
        let texts = try withTorch { () throws(TorchError) in try group.texts(text) }
        var all: [Value] = []
        for text in texts { all.append(try CheckpointJSON.decoded(Value.self, from: Array(text.utf8), path: place)) }
        return all
    }

    /// The mixture's new weights are rank 0's: machines differ in the last bits of logarithms.
    func shareMixture() throws(TrainingError) {
        guard let group, let weights = mixture?.weights else { return }
        mixture?.take(
            try withTorch { () throws(TorchError) in
                let tensor = try Tensor(weights)
                try group.broadcast(tensor)
                return try tensor.doubles()
            })
    }
}
