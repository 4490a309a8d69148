internal import Corpus
internal import FoundationEssentials
internal import Shearing
internal import Torch
internal import Training
internal import Transformer

/// `prune`: writes `model/` of exactly the target's shape and `masks.safetensors`; learned masks also leave
/// `convergence.json`, `mixture.json`, `metrics.jsonl` and `tb/`.
extension PruneSpec: StageSpec {
    public static let revision = 2

    public var needs: [StageNeed] {
        [StageNeed(key: "start", stage: start, kind: .model), StageNeed(key: "data", stage: data, kind: .corpus)]
            + (training?.mixture.needs ?? [])
    }

    public var steps: Int? { training?.steps }
    public var isShared: Bool { rules != nil }
    public var usesSeed: Bool { true }

    public func problems() -> [KeyProblem] {
        var found = training?.problems ?? []
        if let masks, let training, masks.rampSteps > training.steps {
            found.append(
                (
                    "ramp_steps",
                    "\(masks.rampSteps) is more than steps (\(training.steps)): the target would never be asked for in full"
                ))
        }
        for problem in rules?.problems() ?? [] { found.append((problem.key, problem.reason)) }
        return found
    }

    /// How masks are learned; nil for methods that do not.
    private var rules: MaskRules? {
        guard let training, let masks else { return nil }
        var rules = MaskRules(rampSteps: masks.rampSteps)
        rules.constraint = masks.constraint
        rules.start = masks.maskStart
        rules.importanceSpan = masks.importanceSpan
        rules.calibrationBatches = calibrationBatches
        rules.weightRate = training.rate
        rules.maskRate = masks.maskRate
        rules.multiplierRate = masks.multiplierRate
        rules.maskSchedule = masks.maskSchedule
        rules.maskClip = masks.maskClip
        rules.quadraticWeight = masks.quadraticWeight
        rules.multiplierBound = masks.multiplierBound
        rules.skipsMaskedUnits = masks.skipsMaskedUnits
        return rules
    }

    /// - Throws: As `StageSpec.run(on:into:)`.
    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        guard let training, let rules else { return try cut(bench, output.path) }
        switch target {
        case .parameters(let parameters):
            let settings = CoFiSettings(parameters: parameters, rules: rules)
            return try learn(training, settings, bench, output.path)
        case .shape(let target):
            var settings = PruningSettings(target: target.target, rules: rules)
            settings.earlyStop = masks?.stopWhenFrozen.map { FrozenMasks(steps: $0) }
            return try learn(training, settings, bench, output.path)
        case .layers: preconditionFailure("a method that learns takes no number of layers")
        }
    }

    // MARK: - Learned masks

    private func learn(
        _ training: TrainingSpec, _ settings: PruningSettings, _ bench: Workbench, _ folder: String
    ) throws(PipelineError) -> StageResult {
        let rows = try TrainingBench(bench, training, start: start, data: data, folder: folder)
        let (model, description) = try bench.model(of: start, computeDType: training.precision.dtype)
        let source = model.architecture
        let made = settings.target.architecture(from: source)
        let references = try rows.references(start: start, model: model, parameters: made.parameterCount)
        let importance =
            settings.start == .importance
            ? try self.importance(model, rows.corpus, rows: training.batchRows, .taylorHeads, bench, folder) : nil
        var stream = RandomStream(seed: bench.seed, name: "prune/masks")
        let objective = try withShearing { () throws(ShearingError) in
            try MaskObjective(model, settings: settings, seed: stream.next(), importance: importance)
        }
        let trainer = try rows.train(model, objective, references: references)
        guard bench.speaks else { return StageResult() }

        bench.note("carves \(made.blocks.count) layers of width \(made.hiddenSize)")
        let (report, file) = try withShearing { () throws(ShearingError) in
            (try trainer.objective.convergence(), try MasksFile(trainer.objective.masks, step: trainer.step))
        }
        bench.note(report.summary)
        if let shortfall = report.shortfall { bench.note(shortfall) }
        try Folder.write(CanonicalJSON.readable(report), to: folder + "/convergence.json")
        let carved = try finish(model, file, settings.target, description, bench, folder)
        var facts = carved.facts
        facts["source_parameters"] = .integer(source.parameterCount)
        facts["largest_gap"] = .number(report.largestGap)
        facts["families"] = .array(
            report.families.map { family in
                .object([
                    "family": .string(family.rows.family.rawValue), "expected": .number(family.expected),
                    "target": .number(family.target), "undecided": .number(family.undecided),
                ])
            })
        let length = rows.corpus.sequenceLength
        return try rows.result(
            of: trainer, losses: try rows.measure(carved.model),
            operations: Double(trainer.tokens) * CostModel(source).trainingFLOPsPerToken(sequenceLength: length),
            read: try read(rows, of: trainer, source: source, carved: carved.model.architecture), facts: facts)
    }

    /// What a stage that learned masks read beside its steps: calibration, evaluations and the carved model's.
    func read<O: Objective>(
        _ rows: TrainingBench, of trainer: Trainer<O>, source: Architecture, carved: Architecture
    ) throws(PipelineError) -> ReadCost {
        var cost = try rows.read(of: trainer, start: start, source: source, measured: [carved])
        if masks?.maskStart == .importance {
            let length = rows.corpus.sequenceLength
            cost.add(
                calibrationBatches * rows.spec.batchRows * length,
                operationsPerToken: ImportanceMeasure.taylorHeads.operationsPerToken(source, length))
        }
        return cost
    }

    /// Carves and writes the smaller model, of exactly `target`'s shape where there is one.
    func finish(
        _ model: LanguageModel, _ file: MasksFile, _ target: TargetArchitecture?,
        _ description: ModelFolder.Description, _ bench: Workbench, _ folder: String
    ) throws(PipelineError) -> (model: LanguageModel, facts: [String: RecordValue]) {
        let carved = try withShearing { () throws(ShearingError) in
            try file.write(to: folder + "/masks.safetensors")
            return try model.carved(by: file.masks, expecting: target)
        }
        try bench.write(carved, tokenizer: description.tokenizer, special: description.special, into: folder)
        return (carved, ["parameters": .integer(carved.architecture.parameterCount)])
    }
}
