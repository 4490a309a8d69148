internal import Corpus
internal import Evaluation
internal import Torch
internal import Transformer

/// `quantize`: writes `model/`, a folder in our own form whose projections are stored in few bits; `evaluate` stages,
/// `shear evaluate` and `shear generate` run it.
extension QuantizeSpec: StageSpec {
    public static let revision = 1

    public var needs: [StageNeed] {
        [StageNeed(key: "from", stage: from, kind: .model)] + (smoothing.map { [$0.need] } ?? [])
    }

    public func problems() -> [KeyProblem] { [] }

    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        guard let made = context[from]?.architecture else { return outlook }
        let size = ModelSize(made)
        outlook.architecture = made
        outlook.quantization = scheme
        outlook.memoryBytes = size.bytes(.float32) + size.quantizedBytes(scheme)
        outlook.diskBytes = size.quantizedBytes(scheme)
        if let smoothing, let length = context[smoothing.data]?.sequenceLength {
            let cost = smoothing.cost(of: made, sequenceLength: length)
            (outlook.tokens, outlook.floatingPointOperations) = (cost.tokens, cost.operations)
        }
        let half = size.bytes(.bfloat16)
        let percent = half > 0 ? (size.quantizedBytes(scheme) * 1000 / half + 5) / 10 : 100
        outlook.notes = [
            "weights \(size.quantizedBytes(scheme)) bytes as \(scheme.rawValue), \(percent) percent of \(half) at two bytes each"
        ]
        if scheme == .int4 { outlook.notes += groupNotes(made) }
        return outlook
    }

    /// How many inputs share a scale, by the projections' number of inputs.
    private func groupNotes(_ architecture: Architecture) -> [String] {
        let inputs = Set(WeightTable(architecture).entries.filter(\.isProjection).map { $0.shape[1] }).sorted()
        return inputs.map { count in
            QuantizationScheme.groupSize(inputs: count).map { "groups of \($0) in projections of \(count) inputs" }
                ?? "projections of \(count) inputs stay bfloat16: neither 128, 64 nor 32 divides that"
        }
    }

    /// - Throws: As `StageSpec.run(on:into:)`.
    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        try Folder.remove(output.modelPath)
        let (model, description) = try bench.model(of: from, computeDType: .float32, on: .cpu)
        let calibrated = try smoothing.map { (settings) throws(PipelineError) in try smooth(model, settings, bench) }
        let size = ModelSize(model.architecture)
        try withTransformer { () throws(TransformerError) in
            try ModelFolder.write(
                model, to: output.modelPath, tokenizer: description.tokenizer, special: description.special,
                lineage: bench.lineageMetadata,
                card: ModelCard(title: "\(bench.pipeline): \(bench.id), \(from) in \(scheme.rawValue)"),
                form: .perBlock, quantization: scheme)
        }
        var facts: [String: RecordValue] = [
            "parameters": .integer(model.architecture.parameterCount), "scheme": .string(scheme.rawValue),
            "stored_bytes": .integer(size.quantizedBytes(scheme)), "fp16_bytes": .integer(size.bytes(.float16)),
        ]
        if scheme == .int4 { facts["groups"] = groups(model.architecture) }
        return StageResult(
            tokens: calibrated?.tokens ?? 0, floatingPointOperations: calibrated?.operations ?? 0,
            facts: .object(facts))
    }

    /// How many inputs share a scale in each projection, by name; null where it stays bfloat16.
    private func groups(_ architecture: Architecture) -> RecordValue {
        let projections = WeightTable(architecture).entries.filter(\.isProjection)
        return .object(
            Dictionary(
                projections.map { entry in
                    let group = QuantizationScheme.groupSize(inputs: entry.shape[1])
                    return (entry.name, group.map { .integer($0) } ?? .null)
                }, uniquingKeysWith: { first, _ in first }))
    }

    /// Smooths the model by what its activations reach, and says what that took.
    private func smooth(
        _ model: LanguageModel, _ settings: SmoothingSpec, _ bench: Workbench
    ) throws(PipelineError) -> (tokens: Int, operations: Double) {
        let packed = bench.artifact(settings.data)
        let corpus = try packed.packedCorpus()
        try bench.artifact(from).requireVocabulary(of: corpus, packed)
        let (count, rows) = (settings.calibrationBatches, settings.calibrationRows)
        bench.note("measures activations on \(count) batches of \(rows) rows")
        var stream = RandomStream(seed: bench.seed, name: "quantize/calibration")
        let batches = try calibrationBatches(of: corpus, count: count, rows: rows, seed: stream.next())
        try withTorch { () throws(TorchError) in
            try model.smooth(model.activationPeaks(on: batches), strength: settings.strength)
        }
        return settings.cost(of: model.architecture, sequenceLength: corpus.sequenceLength)
    }
}
