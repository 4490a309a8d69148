internal import Corpus
internal import Evaluation
internal import FoundationEssentials
internal import Torch
internal import Training
internal import Transformer

/// What pruning and pretraining share: their rows, mixture, references and the events of their steps.
struct TrainingBench {
    let bench: Workbench
    let spec: TrainingSpec
    let corpus: PackedCorpus
    let loader: MixtureLoader
    let validation: DomainLoss
    /// The stage's folder while it runs.
    let folder: String

    /// Opens the packed rows and mixes them.
    /// - Throws: `.mismatch` when the rows were packed for another tokenizer than the model's, or a weight names no domain.
    init(_ bench: Workbench, _ spec: TrainingSpec, start: StageID, data: StageID, folder: String) throws(PipelineError)
    {
        self.bench = bench
        self.spec = spec
        self.folder = folder
        let packed = bench.artifact(data)
        let corpus = try packed.packedCorpus()
        try bench.artifact(start).requireVocabulary(of: corpus, packed)
        self.corpus = corpus
        let weights = try TrainingBench.weights(spec.mixture, corpus, bench)
        var stream = RandomStream(seed: bench.seed, name: "training/rows")
        let seed = stream.next()
        loader = try withCorpus { () throws(CorpusError) in
            try MixtureLoader(
                corpus: corpus, weights: weights, batchRows: spec.batchRows, seed: seed,
                exhausted: spec.mixture.exhausted)
        }
        validation = DomainLoss(
            corpus: corpus, rowsPerDomain: spec.evaluateRows == 0 ? nil : spec.evaluateRows,
            batchRows: bench.runtime.passRows(ofStep: spec.batchRows))
        if spec.mixture.dynamic != nil {
            let rows = RowRange(from: 0, count: validation.rowsPerDomain)
            _ = try bench.heldOutLoss(on: rows, of: corpus, packed)
        }
        if spec.mixture.exhausted != .repeat {
            let initial = loader.weights(at: 0)
            let most =
                spec.mixture.dynamic.map { dynamic in initial.map { $0 > 0 ? dynamic.policy.cap : 0 } } ?? initial
            for shortage in loader.shortages(steps: spec.steps, maximum: most) {
                bench.note(
                    "domain \(shortage.domain) may run out: up to \(shortage.rowsNeeded) rows of it could be asked for, it has \(shortage.rows)"
                )
            }
        }
    }

    /// One weight per domain of the corpus.
    private static func weights(_ mixture: MixtureSpec, _ corpus: PackedCorpus, _ bench: Workbench)
        throws(PipelineError) -> [Double]
    {
        switch mixture.weights {
        case .natural: return corpus.trainingRowCounts.map(Double.init)
        case .uniform: return corpus.trainingRowCounts.map { $0 > 0 ? 1 : 0 }
        case .given(let weights):
            let weights = try byDomain(weights, corpus, "mixture.weights")
            return corpus.domains.map { weights[$0] ?? 0 }
        case .carried(let stage):
            let path = bench.artifact(stage).file(mixtureName)
            guard Folder.exists(path) else {
                throw .mismatch(
                    "stage '\(stage)' ended without mixture weights to carry on",
                    remedy: "name a stage that trains, or give mixture.weights")
            }
            guard let weights = try? JSONDecoder().decode([String: Double].self, from: try Folder.read(path)) else {
                throw .damagedArtifact(path: path, problem: "it is not a JSON object of numbers")
            }
            let own = try byDomain(weights, corpus, "the weights carried from \(stage)")
            return corpus.domains.map { own[$0] ?? 0 }
        }
    }

    /// Numbers by any name of the domains (`DomainAliases`) as numbers by the corpus's own.
    /// - Throws: `.mismatch` when a name is no domain's, or two are the same one's.
    private static func byDomain(
        _ numbers: [String: Double], _ corpus: PackedCorpus, _ place: String
    ) throws(PipelineError) -> [String: Double] {
        var names: [String: String] = [:]
        var own: [String: Double] = [:]
        for name in numbers.keys.sorted() {
            guard let domain = DomainAliases.resolve(name, among: corpus.domains) else {
                let hint = nearest(to: name, in: corpus.domains).map { " (did you mean '\($0)'?)" } ?? ""
                throw .mismatch(
                    "\(place) names '\(name)', which is no domain of the corpus\(hint)",
                    remedy: "its domains are \(corpus.domains.joined(separator: ", "))")
            }
            if let other = names.updateValue(name, forKey: domain) {
                throw .mismatch(
                    "\(place) names the domain '\(domain)' twice, as '\(other)' and '\(name)'",
                    remedy: "leave one of them out")
            }
            own[domain] = numbers[name]
        }
        return own
    }

    /// `mixture.json`: the weights at the end, by domain.
    static let mixtureName = "mixture.json"
    /// `reference.json`: the loss each domain should reach, by name.
    static let referencesName = "reference.json"

    /// The loss each domain should reach; empty where the mixture is fixed.
    /// - Parameters:
    ///   - model: the loaded start model, measured without reading it again when it is the one to measure.
    ///   - parameters: the size that fitted references are taken at.
    func references(
        start: StageID, model: LanguageModel, parameters: Int
    ) throws(PipelineError) -> [String: Double] {
        guard let dynamic = spec.mixture.dynamic else { return [:] }
        return try bench.once(TrainingBench.referencesName, in: folder) { () throws(PipelineError) in
            try references(dynamic, start: start, model: model, parameters: parameters)
        }
    }

    private func references(
        _ dynamic: MixtureSpec.Dynamic, start: StageID, model: LanguageModel, parameters: Int
    ) throws(PipelineError) -> [String: Double] {
        let reference: ReferenceLoss
        var scores: [DomainScore] = []
        switch dynamic.reference {
        case .given(let losses):
            reference = .given(try TrainingBench.byDomain(losses, corpus, "mixture.dynamic.reference.given"))
        case .fitted(let points):
            var models: [String: [ScalingFit.Point]] = [:]
            for point in points {
                let losses = try TrainingBench.byDomain(point.losses, corpus, "mixture.dynamic.reference.fitted")
                for (domain, loss) in losses {
                    models[domain, default: []].append(.init(parameters: Double(point.parameters), loss: loss))
                }
            }
            reference = .fitted(models)
        case .measured(let stage):
            reference = .measured
            bench.note("measures the reference losses of \(stage)")
            if stage == start {
                scores = try measure(model)
            } else {
                scores = try measure(try bench.model(of: stage, computeDType: spec.precision.dtype).model)
            }
        }
        let losses = try withTraining { () throws(TrainingError) in
            try reference.losses(for: corpus.domains, parameters: parameters, source: scores, warn: { bench.note($0) })
        }
        var named: [String: Double] = [:]
        for (domain, loss) in zip(corpus.domains, losses) { named[domain] = loss }
        return named
    }

    /// The domain losses of a model, or of a part of it, on the rows that evaluations take.
    func measure(_ model: LanguageModel, view: SubNetworkView? = nil) throws(PipelineError) -> [DomainScore] {
        try withEvaluation { () throws(EvaluationError) in try validation.measure(model, view: view) }
    }

    /// The trainer's settings.
    var settings: TrainingSettings {
        var optimizer = AdamWSettings()
        optimizer.weightDecay = spec.weightDecay
        return TrainingSettings(
            steps: spec.steps, batchRows: spec.batchRows, peakRate: spec.rate,
            schedule: LearningRate(warmupSteps: spec.warmupSteps, finalFraction: spec.finalRateFraction),
            clipNorm: spec.clip, optimizer: optimizer,
            evaluateEvery: spec.evaluateEvery == 0 ? nil : spec.evaluateEvery,
            evaluateFirst: spec.mixture.dynamic?.atStart ?? false, mixture: spec.mixture.dynamic?.policy,
            microBatchRows: bench.runtime.microBatch, recomputesBlocks: bench.runtime.recomputeActivations,
            checkpointEvery: bench.runtime.checkpointEvery, keepLast: bench.runtime.keepLast,
            sharding: bench.runtime.shard, fixedParts: bench.runtime.parts,
            listsRows: bench.runtime.listRows ? true : nil)
    }

    /// Trains to the end, on all ranks of the stage, posting events; afterwards `mixture.json` holds the last weights.
    /// - Throws: `.interrupted` after a checkpoint when the stop flag was raised.
    func train<O: Objective>(
        _ model: LanguageModel, _ objective: O, references: [String: Double]
    ) throws(PipelineError) -> Trainer<O> {
        Engine.forgetPeak()
        let trainer = try withTraining { () throws(TrainingError) in
            try Trainer(
                model: model, objective: objective, loader: loader, validation: validation, reference: references,
                settings: settings, folder: folder, stage: bench.id.name, stop: bench.stop, group: bench.group,
                warn: { bench.note($0) })
        }
        let stepTokens = spec.batchRows * corpus.sequenceLength
        let every = bench.runtime.logEvery
        let checkpoint = bench.runtime.checkpointEvery
        let end = try withTraining { () throws(TrainingError) in
            try trainer.run { (metrics) throws(TrainingError) in
                // The trainer checkpoints after this call, so the one before last is known to stand.
                if metrics.step > 1, (metrics.step - 1) % checkpoint == 0 {
                    bench.post(.checkpoint(id: bench.id, step: metrics.step - 1))
                }
                if metrics.step % every == 0 || metrics.step == 1 || metrics.step == spec.steps
                    || metrics.evaluation != nil
                {
                    bench.post(.step(id: bench.id, steps: spec.steps, stepTokens: stepTokens, metrics: metrics))
                }
            }
        }
        try bench.countAll()
        try bench.meter.countTensors(bench.group)
        if case .stopped(let signal) = end {
            bench.post(.checkpoint(id: bench.id, step: trainer.step))
            throw .interrupted(signal: signal ?? 2, step: trainer.step)
        }
        if bench.speaks {
            try Folder.write(
                CanonicalJSON.readable(trainer.weightsByDomain), to: folder + "/" + TrainingBench.mixtureName)
        }
        return trainer
    }
}

/// What every stage with a model tells about its losses.
func lossFacts(_ scores: [DomainScore]) -> [String: RecordValue] {
    var losses: [String: RecordValue] = [:]
    for score in scores { losses[score.domain] = score.lossNats.map { .number($0) } ?? .null }
    return ["losses": .object(losses), "mean_loss": scores.meanLoss.map { .number($0) } ?? .null]
}
