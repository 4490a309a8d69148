internal import Corpus
internal import FoundationEssentials
internal import Search
internal import Shearing
internal import SuperNetwork
internal import Torch
internal import Training
internal import Transformer

/// `super_network`: writes `model/`, the tuned whole, with its neurons in order of importance; `elastic.json` and
/// `neuron-order.json`, which say what can be taken out of it; `mixture.json`, `metrics.jsonl` and `tb/`.
extension SuperNetworkSpec: TrainingStageSpec {
    public static let revision = 2

    /// The networks of a step.
    var elastic: ElasticSettings { ElasticSettings(schedule: schedule, subNetworks: subNetworks) }

    /// - Throws: As `StageSpec.run(on:into:)`.
    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        let folder = output.path
        let rows = try TrainingBench(bench, training, start: start, data: data, folder: folder)
        let (model, description) = try bench.model(of: start, computeDType: training.precision.dtype)
        let source = model.architecture
        let references = try rows.references(start: start, model: model, parameters: source.parameterCount)
        let (importance, measuredTokens) = try self.importance(model, rows.corpus, bench, folder)
        let space = self.space.space(of: source, dropOrder: importance.order.dropOrder)
        let file = try ElasticFile(space, of: source, influences: importance.influences)
        let teacher = try distill.map { (distill) throws(PipelineError) in
            let teacher = try distill.model(bench, data: data, rows: rows, precision: training.precision.dtype)
            return try withTraining { () throws(TrainingError) in
                try Teacher(teacher, settings: distill.settings, of: model)
            }
        }
        var stream = RandomStream(seed: bench.seed, name: "super-network/draws")
        let objective = try withSuperNetwork { () throws(SuperNetworkError) in
            try model.reorderNeurons(importance.order.neurons)
            return try ElasticObjective(
                model, space: space, settings: elastic, teacher: teacher, seed: stream.next())
        }
        let trainer = try rows.train(model, objective, references: references)
        guard bench.speaks else { return StageResult() }

        try Folder.write(CanonicalJSON.readable(file), to: folder + "/" + ElasticFile.name)
        try Folder.write(
            CanonicalJSON.bytes(of: importance.order.neurons), to: folder + "/" + ElasticFile.neuronsName)
        try bench.write(model, tokenizer: description.tokenizer, special: description.special, into: folder)
        let least = try withSuperNetwork { () throws(SuperNetworkError) in try space.view(of: space.smallestGenome) }
        let smallest = source.viewed(by: least)
        var lost = lossFacts(try rows.measure(model, view: least))
        lost["parameters"] = .integer(smallest.parameterCount)
        let facts: [String: RecordValue] = [
            "parameters": .integer(source.parameterCount), "sub_networks": .number(file.subNetworks),
            "smallest": .object(lost),
        ]
        let length = rows.corpus.sequenceLength
        var read = try rows.read(of: trainer, start: start, source: source, measured: [smallest])
        read.add(measuredTokens, through: source, length: length)
        let result = try rows.result(
            of: trainer, losses: try rows.losses(after: trainer),
            operations: try operations(of: trainer, source, teacher: teacher, sequenceLength: length), read: read,
            facts: facts)
        try Folder.remove(folder + "/importance.json")
        return result
    }

    /// The operations of all networks that the steps ran, and of their teacher.
    private func operations(
        of trainer: Trainer<ElasticObjective>, _ source: Architecture, teacher: Teacher?, sequenceLength: Int
    ) throws(PipelineError) -> Double {
        let stepTokens = Double(training.batchRows * sequenceLength)
        let ran = try withSuperNetwork { () throws(SuperNetworkError) in
            try trainer.objective.draws.trainingFLOPsPerToken(
                of: source, steps: 0..<trainer.step, sequenceLength: sequenceLength)
        }
        let taught = teacher.map {
            CostModel($0.model.architecture).forwardFLOPsPerToken(sequenceLength: sequenceLength)
        }
        return stepTokens * (ran + Double(trainer.step) * (taught ?? 0))
    }

    // MARK: - Importance

    /// The order in which parts are given up, and the influences that it rests on.
    private struct MeasuredOrder: Codable {
        var order: ImportanceOrder
        var influences: [Float]?
    }

    /// The order, measured once per attempt chain: `importance.json` keeps it for a resumed one, whose checkpoint holds
    /// weights in that order.
    private func importance(
        _ model: LanguageModel, _ corpus: PackedCorpus, _ bench: Workbench, _ folder: String
    ) throws(PipelineError) -> (MeasuredOrder, tokens: Int) {
        guard order == .importance else {
            return (MeasuredOrder(order: ImportanceOrder(unchanged: model.architecture)), 0)
        }
        let tokens = calibrationBatches * calibrationRows * corpus.sequenceLength
        let measured = try bench.once("importance.json", in: folder) { () throws(PipelineError) in
            try measuredOrder(model, corpus, bench)
        }
        return (measured, tokens)
    }

    private func measuredOrder(
        _ model: LanguageModel, _ corpus: PackedCorpus, _ bench: Workbench
    ) throws(PipelineError) -> MeasuredOrder {
        bench.note("measures importance on \(calibrationBatches) batches of \(calibrationRows) rows")
        var stream = RandomStream(seed: bench.seed, name: "super-network/calibration")
        let batches = try Pipeline.calibrationBatches(
            of: corpus, count: calibrationBatches, rows: calibrationRows, seed: stream.next())
        let importance = try withShearing { () throws(ShearingError) in
            try Importance.measured(model, on: batches, by: .activations)
        }
        let order = try withSuperNetwork { () throws(SuperNetworkError) in
            try ImportanceOrder(importance, of: model.architecture, protected: protectedLayers)
        }
        return MeasuredOrder(order: order, influences: importance.layers_L)
    }
}
