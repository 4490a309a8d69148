internal import Corpus
internal import FoundationEssentials
internal import Shearing
internal import Torch
internal import Training
internal import Transformer

/// `prune`: writes `model/` of exactly the target's shape and `masks.safetensors`; learned masks also leave
/// `convergence.json`, `mixture.json`, `metrics.jsonl` and `tb/`.
extension PruneSpec: StageSpec {
    public static let revision = 1

    public var needs: [StageNeed] {
        [StageNeed(key: "start", stage: start, kind: .model), StageNeed(key: "data", stage: data, kind: .corpus)]
            + (training?.mixture.needs ?? [])
    }

    public var steps: Int? { training?.steps }
    public var usesSeed: Bool { true }

    public func problems() -> [(keyPath: String, reason: String)] {
        var found = training?.problems ?? []
        if let masks, let training, masks.rampSteps > training.steps {
            found.append(
                (
                    "ramp_steps",
                    "\(masks.rampSteps) is more than steps (\(training.steps)): the target would never be asked for in full"
                ))
        }
        if let settings {
            for problem in settings.problems() { found.append(("", problem)) }
        }
        return found
    }

    /// The choices of learned masks; nil for the other methods.
    var settings: PruningSettings? {
        guard let training, let masks else { return nil }
        var settings = PruningSettings(target: target.target, rampSteps: masks.rampSteps)
        settings.constraint = masks.constraint
        settings.start = masks.maskStart
        settings.importanceSpan = masks.importanceSpan
        settings.calibrationBatches = calibrationBatches
        settings.weightRate = training.rate
        settings.maskRate = masks.maskRate
        settings.multiplierRate = masks.multiplierRate
        settings.maskSchedule = masks.maskSchedule
        settings.maskClip = masks.maskClip
        settings.quadraticWeight = masks.quadraticWeight
        settings.multiplierBound = masks.multiplierBound
        settings.earlyStop = masks.stopWhenFrozen.map { FrozenMasks(steps: $0) }
        return settings
    }

    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        try Folder.remove(output.file("model"))
        if let training, let settings { return try learn(training, settings, bench, output.path) }
        return try cut(bench, output.path)
    }

    // MARK: - Learned masks

    private func learn(
        _ training: TrainingSpec, _ settings: PruningSettings, _ bench: Workbench, _ folder: String
    ) throws(PipelineError) -> StageResult {
        let rows = try TrainingBench(bench, training, start: start, data: data, folder: folder)
        let (model, description) = try withTransformer { () throws(TransformerError) in
            try ModelFolder.load(
                bench.artifact(start).file("model"), computeDType: training.precision.dtype, on: bench.device)
        }
        let source = model.architecture
        let made = settings.target.architecture(from: source)
        let references = try rows.references(start: start, model: model, parameters: made.parameterCount)
        let importance =
            settings.start == .importance
            ? try self.importance(model, rows.corpus, rows: training.batchRows, bench, folder) : nil
        var stream = RandomStream(seed: bench.seed, name: "prune/masks")
        let objective: MaskObjective
        do throws(ShearingError) {
            objective = try MaskObjective(model, settings: settings, seed: stream.next(), importance: importance)
        } catch { throw .shearing(error) }
        let trainer = try rows.train(model, objective, references: references)

        bench.note("carves \(made.blocks.count) layers of width \(made.hiddenSize)")
        let report: ConvergenceReport
        let file: MasksFile
        do throws(ShearingError) {
            report = try trainer.objective.convergence()
            file = try MasksFile(trainer.objective.masks, step: trainer.step)
        } catch { throw .shearing(error) }
        try Folder.write(CanonicalJSON.readable(report), to: folder + "/convergence.json")
        let carved = try finish(model, file, description, bench, folder)
        var facts = carved.facts
        facts.merge(lossFacts(try rows.measure(carved.model))) { _, new in new }
        facts["source_parameters"] = .integer(source.parameterCount)
        facts["steps"] = .integer(trainer.step)
        facts["mixture"] = RecordValue(trainer.weightsByDomain)
        facts["largest_gap"] = .number(report.largestGap)
        facts["families"] = .array(
            report.families.map { family in
                .object([
                    "family": .string(family.rows.family.rawValue), "expected": .number(family.expected),
                    "target": .number(family.target), "undecided": .number(family.undecided),
                ])
            })
        try Folder.remove(folder + "/checkpoints")
        let length = rows.corpus.sequenceLength
        return StageResult(
            tokens: trainer.tokens,
            floatingPointOperations: Double(trainer.tokens)
                * CostModel(source).trainingFLOPsPerToken(sequenceLength: length),
            facts: .object(facts))
    }

    /// The importance of every unit, measured once per attempt chain: `importance.json` keeps it for a resumed one.
    private func importance(
        _ model: LanguageModel, _ corpus: PackedCorpus, rows: Int, _ bench: Workbench, _ folder: String
    ) throws(PipelineError) -> Importance {
        let path = folder + "/importance.json"
        if let known = try? JSONDecoder().decode(Importance.self, from: Folder.read(path)) { return known }
        bench.note("measures importance on \(calibrationBatches) batches of \(rows) rows")
        var stream = RandomStream(seed: bench.seed, name: "prune/calibration")
        let seed = stream.next()
        let batches = try withCorpus { () throws(CorpusError) in
            let loader = try MixtureLoader(
                corpus: corpus, weights: corpus.trainingRowCounts.map { $0 > 0 ? 1 : 0 }, batchRows: rows, seed: seed,
                exhausted: .repeat)
            var batches: [TokenBatch] = []
            for step in 0..<calibrationBatches { batches.append(try loader.rows(step: step)) }
            return batches
        }
        let measured: Importance
        do throws(ShearingError) { measured = try Importance.measured(model, on: batches) } catch {
            throw .shearing(error)
        }
        try Folder.write(CanonicalJSON.bytes(of: measured), to: path)
        return measured
    }

    // MARK: - Without learning

    private func cut(_ bench: Workbench, _ folder: String) throws(PipelineError) -> StageResult {
        let packed = bench.artifact(data)
        let corpus = try withCorpus { () throws(CorpusError) in try PackedCorpus(at: packed.file("corpus")) }
        try TrainingBench.requireTokenizer(of: bench.artifact(start), toFit: corpus, packed)
        let (model, description) = try withTransformer { () throws(TransformerError) in
            try ModelFolder.load(bench.artifact(start).file("model"), computeDType: .float32, on: bench.device)
        }
        let source = model.architecture
        let importance =
            method == .oneshot ? try self.importance(model, corpus, rows: calibrationRows, bench, folder) : nil
        var stream = RandomStream(seed: bench.seed, name: "prune/choice")
        let choice: OneShotPruning = method == .oneshot ? .importance : .random
        let masks: DeterministicMasks
        do throws(ShearingError) {
            masks = try choice.masks(source: source, target: target.target, importance: importance, seed: stream.next())
        } catch { throw .shearing(error) }
        var facts = try finish(model, MasksFile(step: 0, masks: masks), description, bench, folder).facts
        facts["source_parameters"] = .integer(source.parameterCount)
        let tokens = importance == nil ? 0 : calibrationBatches * calibrationRows * corpus.sequenceLength
        return StageResult(
            tokens: tokens,
            floatingPointOperations: Double(tokens)
                * CostModel(source).trainingFLOPsPerToken(sequenceLength: corpus.sequenceLength),
            facts: .object(facts))
    }

    /// Carves and writes the smaller model.
    private func finish(
        _ model: LanguageModel, _ file: MasksFile, _ description: ModelFolder.Description, _ bench: Workbench,
        _ folder: String
    ) throws(PipelineError) -> (model: LanguageModel, facts: [String: RecordValue]) {
        let carved: LanguageModel
        do throws(ShearingError) {
            try file.write(to: folder + "/masks.safetensors")
            carved = try model.carved(by: file.masks, expecting: target.target)
        } catch { throw .shearing(error) }
        try withTransformer { () throws(TransformerError) in
            try ModelFolder.write(
                carved, to: folder + "/model", dtype: .float32, tokenizer: description.tokenizer,
                special: description.special, lineage: bench.lineageMetadata,
                card: ModelCard(title: "\(bench.pipeline): \(bench.id)"), form: .perBlock)
        }
        return (carved, ["parameters": .integer(carved.architecture.parameterCount)])
    }
}
