internal import Corpus
internal import Evaluation
internal import Torch
internal import Transformer

extension Trainer {
    /// One optimizer step: forward and backward of each micro-batch, one read of everything the host must know, then
    /// the change of the weights. Nothing is changed when a loss or a gradient is not finite.
    func takeStep(isLast: Bool) throws(TrainingError) -> StepMetrics {
        let started = steadySeconds()
        try enter("wait for rows")
        let rows = try stepRows(isLast: isLast)
        let waited = steadySeconds() - started
        let summary: StepSummary
        let norms: [String: Double]
        do throws(TrainingError) {
            guard rows.countedTokens > 0 else { throw .emptyBatch(step: step + 1) }
            try objective.willStep(step, model)
            (summary, norms) = try backward(rows)
            try change(norms: norms)
        } catch {
            try withTorch { () throws(TorchError) in try clearGradients() }
            throw explained(error, rows.parts)
        }
        let mixture = weightsByDomain
        let used = try batches.position(before: step + 1).state.cursors
        step += 1
        tokens += rows.tokens
        var metrics = StepMetrics(
            step: step, tokens: tokens, stepTokens: rows.tokens, loss: summary.nats / Double(rows.countedTokens))
        metrics.regulariser = summary.regulariser
        metrics.domainLosses = summary.domainLosses(names: loader.corpus.domains)
        metrics.rates = Dictionary(optimizers.map { ($0.group.name, rate(of: $0.group, at: step - 1)) }) { first, _ in
            first
        }
        metrics.gradientNorms = norms
        metrics.mixture = mixture
        for (domain, count) in loader.corpus.trainingRowCounts.enumerated() where count > 0 {
            metrics.epochs[loader.corpus.domains[domain]] = Double(used[domain]) / Double(count)
        }
        metrics.objective = summary.scalars
        metrics.rows = summary.rows(names: loader.corpus.domains)
        metrics.dataWaitSeconds = waited
        metrics.seconds = steadySeconds() - started
        seconds += metrics.seconds
        try objective.didStep(metrics)
        metrics.objective.merge(try objective.metrics()) { _, new in new }
        return metrics
    }

    /// The rate of a group at a step, counted from 0.
    func rate(of group: ParameterGroup, at step: Int) -> Double {
        let peak = group.rate ?? settings.peakRate
        return switch group.schedule {
        case .common: peak * settings.schedule.fraction(at: step, of: settings.steps)
        case .constant: peak
        case .own(let schedule): peak * schedule.fraction(at: step, of: settings.steps)
        }
    }

    /// Runs all micro-batches, sums gradients over ranks, and reads losses and norms in one transfer.
    private func backward(_ rows: StepRows) throws(TrainingError) -> (StepSummary, [String: Double]) {
        let total = rows.countedTokens
        let accumulates = rows.parts.count * objective.passCount > 1 || group != nil
        let scattered = shards?.sharing == .gradients ? shards : nil
        var exchanges = batches.share.parts.count * objective.passCount
        var readings = StepReadings()
        let perPart = batches.share.perFixedPart
        var sums = perPart.map { _ in PartSums(optimizers.flatMap(\.group.parameters)) }
        for (number, batch) in zip(batches.share.parts, rows.parts) {
            let rowTokens = batch.rowTokens
            let share = Double(rowTokens.reduce(0, +)) / Double(total)
            for pass in 0..<(share > 0 ? objective.passCount : 0) {
                let tape = settings.recomputesBlocks ? CheckpointTape() : nil
                try enter("forward")
                let loss = try objective.loss(model, batch, step: step, pass: pass, tape: tape)
                // Losses of passes are summed, tokens are counted once.
                let counted = pass == 0 ? rowTokens : rowTokens.map { _ in 0 }
                try withTorch { () throws(TorchError) in
                    var scalar = try loss.rowSums_B.sum() * (1 / Double(total))
                    if let regulariser = loss.regulariser { scalar = try scalar + regulariser * share }
                    try OperationProfile.enter("backward")
                    try scalar.backward()
                    try tape?.backward()
                    try objective.didBackward()
                    try OperationProfile.enter("sum and clip gradients")
                    if sums != nil {
                        try sums?.takePass()
                    } else if let scattered {
                        try scattered.scatter(optimizers, on: model.device)
                        exchanges -= 1
                    } else if accumulates {
                        for optimizer in optimizers { try optimizer.accumulate() }
                    }
                    try readings.add(
                        loss, domains: batch.domains, rows: batch.rowIDs, tokens: counted, share: share,
                        isListed: pass == 0 && settings.listsRows == true)
                }
            }
            if let perPart, (number + 1) % perPart == 0 {
                try withTorch { () throws(TorchError) in try sums?.endPart(number / perPart) }
            }
        }
        var names: [String] = []
        let own = try withTorch { () throws(TorchError) in
            if let sums {
                try put(sums)
            } else if let scattered {
                // Other ranks may have more micro-batches.
                for _ in 0..<exchanges { try scattered.scatter(optimizers, on: model.device) }
            } else if let group {
                try GradientExchange(group).sum(optimizers)
            }
            var norms: [Tensor] = []
            for optimizer in optimizers where !names.contains(optimizer.group.clip.name) {
                let name = optimizer.group.clip.name
                names.append(name)
                let gradients = optimizers.filter { $0.group.clip.name == name }.flatMap {
                    $0.gradients().map(\.gradient)
                }
                norms.append(try globalNormTensor(gradients, on: model.device))
            }
            return try readings.read(with: norms)
        }
        let summary = try joined(own)
        if let fault = readings.fault(step: step + 1, in: summary, clips: names, corpus: loader.corpus) {
            throw .notFinite(try joined(fault))
        }
        return (summary, Dictionary(zip(names, summary.norms)) { first, _ in first })
    }

    /// Clips and applies the gradients.
    private func change(norms: [String: Double]) throws(TrainingError) {
        try enter("optimizer")
        try withTorch { () throws(TorchError) in
            try withoutGradients { () throws(TorchError) in
                for optimizer in optimizers {
                    let clip = optimizer.group.clip
                    let norm = norms[clip.name] ?? 0
                    let limit = clip.maximumNorm ?? settings.clipNorm ?? .infinity
                    try optimizer.step(
                        optimizer.gradients(), rate: rate(of: optimizer.group, at: step),
                        scale: norm > limit ? limit / norm : 1, step: step + 1, settings: settings.optimizer)
                }
                if let shards {
                    let masters = try FlatMemory(optimizers.flatMap { $0.group.parameters.map(\.master) })
                    try shards.gather(masters, offset: 0, into: masters, isSame: true, on: model.device)
                }
                for optimizer in optimizers { try optimizer.refresh() }
            }
            try clearGradients()
        }
    }

    /// Names what the step does next, for a profile.
    func enter(_ phase: String) throws(TrainingError) {
        try withTorch { () throws(TorchError) in try OperationProfile.enter(phase) }
    }

    private func clearGradients() throws(TorchError) {
        for optimizer in optimizers { try optimizer.clear() }
    }

    /// Adds what the step was about to an error that does not know it.
    private func explained(_ error: TrainingError, _ parts: [TokenBatch]) -> TrainingError {
        switch error {
        case .torch(let fault) where fault.code == .outOfMemory:
            .outOfMemory(
                step: step + 1, microBatchRows: parts.map(\.rows).max() ?? 0, sequenceLength: parts.first?.columns ?? 0,
                detail: fault.message)
        default: error
        }
    }
}
