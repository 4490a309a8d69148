internal import Evaluation
internal import Search
internal import SuperNetwork
internal import Torch
internal import Transformer

extension SearchSpec {
    public func problems() -> [KeyProblem] {
        var found: [KeyProblem] = []
        let names = objectives.map(\.name)
        if !(2...3).contains(names.count) {
            found.append(("objectives", "has \(names.count) entries; a search weighs two or three against each other"))
        }
        if Set(names).count != names.count { found.append(("objectives", "names one twice")) }
        if !objectives.contains(where: { $0.searched.source == .measured }) {
            found.append(("objectives", "are all computed from the sizes; one must be measured"))
        }
        found += rowProblems + taskProblems
        if throughput != nil, !objectives.contains(where: \.isTimed) {
            found.append(("throughput", "has no meaning without prefill_latency or decode_latency; take it out"))
        }
        if method == .linas, predictions < population {
            found.append(("predictions", "are \(predictions), fewer than a population of \(population)"))
        }
        for name in reference.keys.sorted() where !names.contains(name) {
            found.append(("reference.\(name)", "is none of the objectives \(names.joined(separator: ", "))"))
        }
        for (name, limits) in within.sorted(by: { $0.key < $1.key }) {
            if CandidateObjective(name)?.searched.source != .computed {
                found.append(
                    ("within.\(name)", "is no size; sizes are \(CandidateObjective.sizeNames.joined(separator: ", "))"))
            } else if limits.from > limits.to {
                found.append(("within.\(name)", "has a from above its to"))
            }
        }
        return found
    }

    private var rowProblems: [KeyProblem] {
        guard objectives.contains(.domainLoss) else {
            return [("data", data != nil), ("rows", rows != nil)].filter(\.1).map {
                ($0.0, "has no meaning without the objective domain_loss; take it out")
            }
        }
        guard data != nil else { return [("data", "is missing; domain_loss is measured on its held-out rows")] }
        guard rows?.count != nil else {
            return [
                (
                    "rows",
                    "must say which held-out rows the search may look at, such as rows: 16, so that others are left for reports"
                )
            ]
        }
        return []
    }

    private var taskProblems: [KeyProblem] {
        var found: [KeyProblem] = []
        let files = tasks.map { EvaluationTask.name(of: $0) }
        for (index, path) in tasks.enumerated() {
            if let problem = EvaluationTask.problem(withName: path) {
                found.append(("tasks[\(index)]", problem))
            } else if files[..<index].contains(files[index]) {
                found.append(("tasks[\(index)]", "is a second file of the name '\(files[index])'"))
            } else if !objectives.contains(.accuracy(task: files[index])) {
                found.append(("tasks[\(index)]", "has no meaning without the objective accuracy:\(files[index])"))
            }
        }
        for objective in objectives {
            guard case .accuracy(let task) = objective, !files.contains(task) else { continue }
            found.append(("tasks", "names no file \(task).jsonl, which the objective \(objective.name) asks for"))
        }
        return found
    }

    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        outlook.search = self
        guard let source = context[from]?.architecture, let space = context[from]?.space else { return outlook }
        outlook.source = source
        outlook.sequenceLength = data.flatMap { context[$0]?.sequenceLength }
        let length = outlook.sequenceLength ?? 0
        outlook.memoryBytes =
            CostModel(source).inferenceMemory(
                rows: context.runtime.evaluationRows, sequenceLength: max(length, 1),
                weightDType: precision.dtype
            ).totalBytes
        outlook.problems += unreachable(space, of: source)
        let count = Int(min(Double(evaluations), space.subNetworkCount))
        if count < evaluations {
            outlook.notes.append("the space has \(count) sub-networks; all are measured")
        }
        guard let perCandidate = tokensPerCandidate(context, length: length) else { return outlook }
        outlook.tokens = boundedProduct(count, perCandidate)
        // Candidates lie between the smallest and the whole; most of them about half-way.
        let costs = [space.smallestGenome, space.fullGenome].compactMap { genome in
            (try? space.view(of: genome)).map {
                CostModel(source.viewed(by: $0)).forwardFLOPsPerToken(sequenceLength: length)
            }
        }
        outlook.floatingPointOperations =
            Double(boundedProduct(count, perCandidate)) * costs.reduce(0, +) / Double(max(costs.count, 1))
        if !tasks.isEmpty { outlook.notes.append("tokens of task questions are not counted here") }
        return outlook
    }

    /// The most parameters that a candidate may have; nil where nothing bounds it.
    var mostParameters: Double? {
        [within["parameters"]?.to, within["fp16_bytes"].map { $0.to / 2 }].compactMap { $0 }.min()
    }

    /// Ranges of sizes that no sub-network meets. The one closest to a range's middle is outside only if all are.
    private func unreachable(_ space: ElasticSpace, of source: Architecture) -> [KeyProblem] {
        guard let sizes = try? SubNetworkSizes(space, of: source) else { return [] }
        var found: [KeyProblem] = []
        for (name, bytes) in [("parameters", 1.0), ("fp16_bytes", 2.0)] {
            guard let limits = within[name] else { continue }
            let closest =
                Double(sizes.closest(toParameters: Int((limits.from + limits.to) / 2 / bytes)).parameters) * bytes
            if closest < limits.from || closest > limits.to {
                let range = sizes.parameterRange
                found.append(
                    (
                        "within.\(name)",
                        "no sub-network lies there: the closest has \(Int(closest)), the space goes from \(Int(Double(range.lowerBound) * bytes)) to \(Int(Double(range.upperBound) * bytes))"
                    ))
            }
        }
        return found
    }

    /// Tokens of a candidate as far as they are known before the run; nil when rows are not packed yet.
    private func tokensPerCandidate(_ context: OutlookContext, length: Int) -> Int? {
        var tokens = 0
        if objectives.contains(where: \.isTimed) {
            let speed = throughput ?? ThroughputSettings()
            tokens += (speed.warmups + speed.repeats) * speed.rows * (speed.columns + speed.decoded)
        }
        guard let data, let rows else { return tokens }
        guard case .object(let counts)? = context.artifacts[data]?.record.facts["validation_rows"] else { return nil }
        return tokens + length * counts.values.reduce(0) { $0 + rows.taken(of: Int($1.double ?? 0)) }
    }
}
