internal import Evaluation
internal import FoundationEssentials
internal import Report

/// Collects what a comparison is made from: measurements, records and logs of the stages it rests on. Nothing is measured
/// and no model is loaded.
struct CompareBench {
    private let spec: CompareSpec
    private let bench: Workbench
    /// Every stage the comparison rests on, the arms' first.
    private let records: [(artifact: Artifact, stage: LedgerStage)]

    init(_ spec: CompareSpec, _ bench: Workbench) {
        self.spec = spec
        self.bench = bench
        records = bench.lineage.map { ancestor in
            let artifact = bench.artifact(ancestor.id)
            return (artifact, LedgerStage(artifact.record))
        }
    }

    /// - Throws: `.damagedArtifact`, `.file`, `.mismatch`.
    func input() throws(PipelineError) -> ComparisonInput {
        guard let reference = spec.referenceArm else {
            preconditionFailure("a comparison without a reference was not refused")
        }
        var input = ComparisonInput(
            title: bench.pipeline, seed: bench.seed, arms: spec.arms.map(\.arm), reference: reference.name)
        input.measured = try measured()
        input.stages = records.map(\.stage)
        input.matches = spec.match.map { ($0, spec.tolerance[$0]) }
        input.cacheTokens = spec.cacheTokens
        input.resamples = spec.resamples
        for arm in spec.arms {
            let record = bench.artifact(arm.model).record
            if record.kind == .pretrain { input.settings[arm.model.name] = CompareBench.settings(record.with) }
        }
        for record in records {
            if let trace = try trace(record.artifact) { input.traces.append(trace) }
            if let search = try SearchTrace.read(record.artifact) { input.searches.append(search) }
        }
        return input
    }

    // MARK: - Measurements

    /// What the evaluate stages measured, by the stage whose model it was. A part that two of them measured is the first's.
    private func measured() throws(PipelineError) -> [String: MeasuredModel] {
        var found: [String: MeasuredModel] = [:]
        for id in spec.scores {
            let artifact = bench.artifact(id)
            let path = artifact.file(EvaluateSpec.measurementsName)
            let bytes = try Folder.read(path)
            guard let file = try? JSONDecoder().decode(Measurements.self, from: bytes),
                file.schema == Measurements.currentSchema
            else { throw .damagedArtifact(path: path, problem: "it is no list of measurements of this version") }
            for model in file.models {
                let made = MeasuredModel(model)
                found[model.stage] = found[model.stage].map { $0.completed(by: made) } ?? made
            }
        }
        return found
    }

    // MARK: - Records and logs

    /// The keys of a training stage that decide how it trains, apart from which stages it reads.
    static func settings(_ with: RecordValue) -> [String: String] {
        var settings: [String: String] = [:]
        func walk(_ value: RecordValue, _ path: String) {
            guard case .object(let members) = value else { settings[path] = value.text; return }
            for (key, member) in members { walk(member, path.isEmpty ? key : "\(path).\(key)") }
        }
        walk(with, "")
        settings["start"] = nil
        // Weights that each arm carries on from its own pruning are one setting.
        if settings["mixture.weights.carry"] != nil { settings["mixture.weights.carry"] = "from its own pruning" }
        return settings
    }

    /// What a training stage logged; nil for other stages.
    private func trace(_ artifact: Artifact) throws(PipelineError) -> TrainingTrace? {
        let path = artifact.file("metrics.jsonl")
        guard Folder.exists(path) else { return nil }
        var references: [String: Double] = [:]
        let known = artifact.file(TrainingBench.referencesName)
        if Folder.exists(known) {
            references = (try? JSONDecoder().decode([String: Double].self, from: try Folder.read(known))) ?? [:]
        }
        return TrainingTrace(
            stage: artifact.record.id.name, kind: artifact.record.kind.rawValue, log: [UInt8](try Folder.read(path)),
            references: references)
    }
}

extension LedgerStage {
    /// A stage as its record tells it.
    init(_ record: StageRecord) {
        let isTrained = record.with["steps"] != nil
        var cost = CostSum()
        // Tokens of stages without a model are those that were packed.
        if record.cost.floatingPointOperations > 0 {
            if isTrained {
                cost.trainedTokens = record.cost.tokens
                cost.readTokens = record.facts["read_tokens"]?.double.map { Int($0) } ?? 0
            } else {
                cost.readTokens = record.cost.tokens
            }
        }
        cost.floatingPointOperations = record.cost.floatingPointOperations
        cost.wallSeconds = record.cost.wallSeconds
        cost.processorSeconds = record.cost.processorSeconds
        cost.peakMemoryBytes = record.cost.peakMemoryBytes
        let source = ["start", "from", "model"].lazy.compactMap { key in record.inputs.first { $0.key == key }?.stage }
            .first
        self.init(
            id: record.id.name, kind: record.kind.rawValue, inputs: record.inputs.compactMap { $0.stage?.name },
            start: source?.name, trains: isTrained, cost: cost)
    }
}

extension MeasuredModel {
    /// One model of `measurements.json`.
    init(_ model: Measurements.Model) {
        self.init(stage: model.stage, parameters: model.parameters)
        sizes = model.sizes
        domains = (model.domains ?? []).map {
            Domain(name: $0.domain, rowSums: $0.rowSums, rowTokens: $0.rowTokens)
        }
        tasks = (model.tasks ?? []).map { task in
            let isNormalised = task.metric == "acc_norm"
            return Task(
                name: task.task, metric: task.metric, chance: task.chance,
                answers: task.items.map { item in
                    (item.id, isNormalised ? item.correctNorm ?? item.correct : item.correct)
                })
        }
        speed = model.throughput
        peakMemoryBytes = model.peakMemoryBytes
        cacheBytesPerToken = model.keyValueBytesPerToken
    }

    /// The same model with what another stage measured where this one has nothing.
    func completed(by other: MeasuredModel) -> MeasuredModel {
        var model = self
        if model.domains.isEmpty { model.domains = other.domains }
        if model.tasks.isEmpty { model.tasks = other.tasks }
        model.sizes = model.sizes ?? other.sizes
        model.speed = model.speed ?? other.speed
        model.peakMemoryBytes = model.peakMemoryBytes ?? other.peakMemoryBytes
        model.cacheBytesPerToken = model.cacheBytesPerToken ?? other.cacheBytesPerToken
        return model
    }
}
