internal import Corpus
internal import FoundationEssentials
internal import Shearing
internal import Torch
internal import Training
internal import Transformer

// Learned masks towards a size: what `learn` is for a shape.
extension PruneSpec {
    /// Learns the masks, carves the surest selection of the size and writes it; `log_alphas.safetensors` keeps the masks
    /// as learned.
    func learn(
        _ training: TrainingSpec, _ settings: CoFiSettings, _ bench: Workbench, _ folder: String
    ) throws(PipelineError) -> StageResult {
        let rows = try TrainingBench(bench, training, start: start, data: data, folder: folder)
        let (model, description) = try bench.model(of: start, computeDType: training.precision.dtype)
        let source = model.architecture
        let references = try rows.references(start: start, model: model, parameters: settings.parameters)
        let slopes =
            settings.rules.start == .importance
            ? try self.slopes(model, rows.corpus, rows: training.batchRows, bench, folder) : nil
        var stream = RandomStream(seed: bench.seed, name: "prune/masks")
        let objective = try withShearing { () throws(ShearingError) in
            try CoFiObjective(model, settings: settings, seed: stream.next(), slopes: slopes)
        }
        let trainer = try rows.train(model, objective, references: references)
        guard bench.speaks else { return StageResult() }

        let selection = try withShearing { () throws(ShearingError) in
            try trainer.objective.masks.deterministic(parameters: settings.parameters)
        }
        bench.note("carves \(selection.parameters) parameters")
        let report = try withTorch { () throws(TorchError) in try trainer.objective.convergence() }
        bench.note(report.summary)
        if let shortfall = report.shortfall { bench.note(shortfall) }
        try withTorch { () throws(TorchError) in
            try SafetensorsWriter.write(
                trainer.objective.masks.logAlphas.map { ($0.name, $0.master) }, metadata: [:],
                to: folder + "/log_alphas.safetensors")
        }
        try Folder.write(CanonicalJSON.readable(report), to: folder + "/convergence.json")
        let file = MasksFile(step: trainer.step, masks: selection.masks)
        let carved = try finish(model, file, nil, description, bench, folder)
        var facts = carved.facts
        facts["source_parameters"] = .integer(source.parameterCount)
        facts["largest_gap"] = .number(report.gap)
        facts["kept_below_zero"] = .integer(selection.keptBelowZero)
        facts["hidden_size"] = .integer(carved.model.architecture.hiddenSize)
        facts["blocks"] = .array(
            carved.model.architecture.blocks.map { block in
                .object([
                    "heads": .integer(block.queryHeads), "key_value_heads": .integer(block.keyValueHeads),
                    "intermediate_size": .integer(block.intermediateSize),
                ])
            })
        let length = rows.corpus.sequenceLength
        return try rows.result(
            of: trainer, losses: try rows.measure(carved.model),
            operations: Double(trainer.tokens) * CostModel(source).trainingFLOPsPerToken(sequenceLength: length),
            read: try read(rows, of: trainer, source: source, carved: carved.model.architecture), facts: facts)
    }

    /// The slopes that masks start from, measured once per attempt chain: `slopes.json` keeps them for a resumed one.
    private func slopes(
        _ model: LanguageModel, _ corpus: PackedCorpus, rows: Int, _ bench: Workbench, _ folder: String
    ) throws(PipelineError) -> MaskSlopes {
        try bench.once("slopes.json", in: folder) { () throws(PipelineError) in
            let batches = try calibration(corpus, rows: rows, bench)
            return try withShearing { () throws(ShearingError) in try MaskSlopes.measured(model, on: batches) }
        }
    }
}
