internal import Corpus
internal import Shearing
internal import Torch
internal import Transformer

// Pruning without learning: measure, choose, carve.
extension PruneSpec {
    /// The importance of every unit, measured once per attempt chain: `importance.json` keeps it for a resumed one.
    func importance(
        _ model: LanguageModel, _ corpus: PackedCorpus, rows: Int, _ measure: ImportanceMeasure, _ bench: Workbench,
        _ folder: String
    ) throws(PipelineError) -> Importance {
        try bench.once("importance.json", in: folder) { () throws(PipelineError) in
            let batches = try calibration(corpus, rows: rows, bench)
            return try withShearing { () throws(ShearingError) in
                try Importance.measured(model, on: batches, by: measure)
            }
        }
    }

    /// The batches that importance is measured on: the first of a loader that takes all domains alike.
    func calibration(_ corpus: PackedCorpus, rows: Int, _ bench: Workbench) throws(PipelineError) -> [TokenBatch] {
        bench.note("measures importance on \(calibrationBatches) batches of \(rows) rows")
        var stream = RandomStream(seed: bench.seed, name: "prune/calibration")
        return try Pipeline.calibrationBatches(of: corpus, count: calibrationBatches, rows: rows, seed: stream.next())
    }

    /// Measures, chooses and carves.
    func cut(_ bench: Workbench, _ folder: String) throws(PipelineError) -> StageResult {
        let packed = bench.artifact(data)
        let corpus = try packed.packedCorpus()
        try bench.artifact(start).requireVocabulary(of: corpus, packed)
        let (model, description) = try bench.model(of: start, computeDType: .float32)
        let source = model.architecture
        var importance: Importance?
        if let measure {
            importance = try self.importance(model, corpus, rows: calibrationRows, measure, bench, folder)
        }
        var stream = RandomStream(seed: bench.seed, name: "prune/choice")
        let choice: OneShotPruning = method == .random ? .random : .importance
        let (shape, masks) = try withShearing { () throws(ShearingError) in
            let shape = try self.shape(from: source, seed: bench.seed)
            let masks = try choice.masks(source: source, target: shape, importance: importance, seed: stream.next())
            if foldsResidue, let importance { try model.foldHeadResidue(masks, importance: importance) }
            return (shape, masks)
        }
        var facts = try finish(model, MasksFile(step: 0, masks: masks), shape, description, bench, folder).facts
        facts["source_parameters"] = .integer(source.parameterCount)
        facts["shape"] = PruneSpec.facts(shape)
        let tokens = importance == nil ? 0 : calibrationBatches * calibrationRows * corpus.sequenceLength
        return StageResult(
            tokens: tokens,
            floatingPointOperations: Double(tokens)
                * (measure?.operationsPerToken(source, corpus.sequenceLength) ?? 0), facts: .object(facts))
    }

    private static func facts(_ shape: TargetArchitecture) -> RecordValue {
        .object([
            "layers": .integer(shape.layers), "hidden_size": .integer(shape.hiddenSize),
            "heads": .integer(shape.heads), "key_value_heads": .integer(shape.keyValueHeads),
            "intermediate_size": .integer(shape.intermediateSize),
        ])
    }
}
