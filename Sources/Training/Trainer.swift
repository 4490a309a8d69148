public import Corpus
public import Evaluation
internal import Files
public import Torch
public import Transformer

/// Why a run came to its end.
public enum RunEnd: Sendable, Equatable {
    /// The step that was asked for is done.
    case reached
    /// The stop flag was raised, by this signal if by one.
    case stopped(signal: Int32?)
    /// The objective has nothing left to do.
    case finished
}

/// The loop of training: rows in, optimizer steps, evaluations, mixture updates, checkpoints.
///
/// Synchronous, on the thread that calls `run`; only rows are read ahead. Given the same settings, model, loader and
/// thread count, a run that is stopped or killed and resumed any number of times ends with the same bits as one that is
/// not. What it writes into its folder: `checkpoints/`, `metrics.jsonl`, `tb/`.
///
/// Several ranks share a run when each makes a trainer of the same model, objective, rows and settings in one group: each
/// computes its rows of every step, gradients and losses are summed, and all take the same step. Rank 0 alone writes;
/// the others read its checkpoints, so that all need to see the folder. How many ranks there are changes results by
/// rounding only, also from one part of a run to the next.
public final class Trainer<O: Objective> {
    /// The model that is trained, in place.
    public let model: LanguageModel
    /// What is minimised.
    public internal(set) var objective: O
    public let settings: TrainingSettings
    /// The number of steps taken, over all runs in this folder.
    public internal(set) var step = 0
    /// The number of tokens read, over all runs in this folder.
    public internal(set) var tokens = 0
    /// Wall seconds of all steps, over all runs in this folder; evaluation and checkpoints excluded.
    public internal(set) var seconds = 0.0
    /// The mixture and its law; `nil` when it stays fixed.
    public internal(set) var mixture: MixtureAdaptation?
    /// The last evaluation; `nil` before the first.
    public internal(set) var evaluation: [DomainScore]?

    let loader: MixtureLoader
    let validation: DomainLoss?
    let store: CheckpointStore
    let optimizers: [GroupOptimizer]
    /// How the optimizer's states are shared out; `nil`: each rank holds all.
    let shards: StateShards?
    /// How ranks add up the parts of a step, each some elements, where their number is fixed.
    let pieces: StateShards?
    let stop: StopFlag
    let log: RunLog
    let group: ProcessGroup?
    let stage: String
    let batches: StepPrefetch
    let warn: (String) -> Void
    private var savedStep: Int?

    /// A trainer in `folder`, which goes on from the newest checkpoint there, if any.
    /// - Parameters:
    ///   - model: Whose weights are trained.
    ///   - objective: What is minimised; its parameters may include the model's.
    ///   - loader: Gives the rows of each step.
    ///   - validation: What is measured between steps; needed to adapt the mixture.
    ///   - reference: The loss each domain should reach, by name; a domain without one keeps its weight.
    ///   - settings: How the run is made.
    ///   - folder: The run's folder, made when missing.
    ///   - stage: The name of the run in `metrics.jsonl`.
    ///   - stop: Read between steps; a raised one ends `run` after a checkpoint, on all ranks when it is on one.
    ///   - group: The ranks that share the run; `nil`: this process alone.
    ///   - warn: Receives one sentence for each thing that is odd but not an end, such as a damaged checkpoint.
    /// - Throws: `TrainingError.setting` for settings that cannot be meant, `.mismatch` when the folder holds another
    ///   run's checkpoints, `.noUsableCheckpoint` when all of them are damaged.
    public init(
        model: LanguageModel, objective: O, loader: MixtureLoader, validation: DomainLoss?,
        reference: [String: Double] = [:], settings: TrainingSettings, folder: String, stage: String,
        stop: StopFlag = .process, group: ProcessGroup? = nil, warn: @escaping (String) -> Void
    ) throws(TrainingError) {
        try settings.check()
        try Self.check(objective.parameterGroups)
        self.model = model
        self.objective = objective
        self.settings = settings
        self.loader = loader
        self.validation = validation
        self.stop = stop
        self.group = group
        self.stage = stage
        let speaks = group?.isFirst ?? true
        let warn = speaks ? warn : { _ in }
        self.warn = warn
        store = CheckpointStore(folder: folder + "/checkpoints", keepLast: settings.keepLast)
        guard loader.batchRows == settings.batchRows else {
            throw .setting(
                name: "batch rows", found: "\(settings.batchRows)", expected: "the loader's \(loader.batchRows)")
        }
        let groups = objective.parameterGroups
        var shards: StateShards?
        if let group, let sharing = settings.sharding { shards = StateShards(group, sharing, of: groups) }
        self.shards = shards
        pieces = settings.fixedParts == nil ? nil : shards ?? group.map { StateShards($0, .optimizer, of: groups) }
        optimizers = try withTorch { () throws(TorchError) in
            var list: [GroupOptimizer] = []
            var number = 0
            for group in groups {
                let owned = shards.map { shards in group.parameters.indices.map { shards.owned(number + $0) } }
                list.append(
                    try GroupOptimizer(group, owned: owned, sumsOwned: shards?.sharing == .gradients))
                number += group.parameters.count
            }
            return list
        }
        if let policy = settings.mixture {
            guard validation != nil else {
                throw .setting(name: "mixture", found: "adaptive", expected: "validation rows to steer by")
            }
            mixture = try MixtureAdaptation(
                policy: policy, domains: loader.corpus.domains, prior: loader.weights(at: 0),
                reference: loader.corpus.domains.map { reference[$0] })
        }
        for name in reference.keys.sorted() where !loader.corpus.domains.contains(name) {
            warn("There is a reference loss for \(name), which is no domain of the corpus; it is not used.")
        }
        let most = min(settings.batchRows, settings.fixedParts ?? .max)
        if let group, group.count > most {
            let things = most == settings.batchRows ? "rows" : "parts"
            warn("A step has \(most) \(things): only as many of the \(group.count) ranks have something to do.")
        }
        if speaks { try FileSystem.makeFolder(folder) }
        batches = StepPrefetch(loader: loader, share: RowShare(settings, group))
        log = RunLog(folder: folder, stage: stage)
        let isResumed = try restore()
        savedStep = isResumed ? step : nil
        if speaks { try log.open(resumingAt: isResumed ? step : nil) }
    }

    /// Trains up to `step` steps in all and leaves a checkpoint there.
    /// - Parameters:
    ///   - step: Counted from the beginning of the first run; `nil`: the settings' `steps`.
    ///   - observe: Called after each step, on all ranks.
    /// - Returns: Why it ended.
    /// - Throws: `TrainingError.notFinite` with the weights as they were before the step, `.outOfMemory`, `.corpus`
    ///   when the rows run out or cannot be read, and whatever `observe` throws. Earlier checkpoints stay.
    @discardableResult
    public func run(
        until step: Int? = nil, observe: (StepMetrics) throws(TrainingError) -> Void = { _ in }
    ) throws(TrainingError) -> RunEnd {
        let last = min(step ?? settings.steps, settings.steps)
        defer { batches.forget() }
        if self.step == 0, settings.evaluateFirst, evaluation == nil {
            var metrics = StepMetrics(step: 0, tokens: 0, loss: .nan, mixture: weightsByDomain)
            try evaluate(into: &metrics)
            try log.append(metrics)
        }
        var end = RunEnd.reached
        while self.step < last {
            if let reason = try endBeforeStep() {
                end = reason
                break
            }
            var metrics = try takeStep(isLast: self.step + 1 == last)
            try enter("between steps")
            if isDueForEvaluation { try evaluate(into: &metrics) }
            try log.append(metrics)
            try observe(metrics)
            if let every = settings.checkpointEvery, self.step % every == 0 { try saveCheckpoint() }
        }
        if objective.isFinished { end = .finished }
        try saveCheckpoint()
        return end
    }

    /// Writes a checkpoint of the present state, unless the newest one is of this very step. All ranks call it; it returns
    /// when the checkpoint stands.
    /// - Throws: `TrainingError`; earlier checkpoints stay.
    public func saveCheckpoint() throws(TrainingError) {
        guard savedStep != step else { return }
        try enter("checkpoint")
        try save()
        savedStep = step
    }

    /// The share of each domain in the rows that come next; at the end of the run, in those of a stage that goes on.
    public var weightsByDomain: [String: Double] {
        Dictionary(zip(loader.corpus.domains, loader.weights(at: step))) { first, _ in first }
    }

    private var isDueForEvaluation: Bool {
        if step >= settings.steps || objective.isFinished { return true }
        return settings.evaluateEvery.map { step % $0 == 0 } ?? false
    }

    /// Measures the domains and lets the mixture follow them.
    private func evaluate(into metrics: inout StepMetrics) throws(TrainingError) {
        guard let validation else { return }
        try enter("evaluation")
        let masks = try objective.evaluationMasks()
        let scores = try withEvaluation { () throws(EvaluationError) in
            try validation.measure(model, masks: masks, over: group)
        }
        evaluation = scores
        metrics.evaluation = scores
        guard mixture != nil else { return }
        let losses = loader.corpus.domains.map { domain in scores.first { $0.domain == domain }?.lossNats }
        var limits: [Double]?
        // After the last step the mixture is what a later stage carries on: no row of this run bounds it.
        if loader.exhausted != .repeat, step < settings.steps {
            let used = try batches.position(before: step).state.cursors
            limits = MixtureAdaptation.poolLimits(
                remaining: zip(loader.corpus.trainingRowCounts, used).map { $0 - $1 },
                rowsLeft: (settings.steps - step) * settings.batchRows)
        }
        mixture?.adapt(to: losses, limits: limits)
        try shareMixture()
        if let weights = mixture?.weights {
            batches.forget()
            try withCorpus { () throws(CorpusError) in try loader.reweight(weights, from: step) }
        }
    }

    private static func check(_ groups: [ParameterGroup]) throws(TrainingError) {
        var names: Set<String> = []
        var parameters: Set<String> = []
        for group in groups {
            guard names.insert(group.name).inserted else {
                throw .setting(name: "parameter groups", found: "two named \(group.name)", expected: "unique names")
            }
            for parameter in group.parameters where !parameters.insert(parameter.name).inserted {
                throw .setting(
                    name: "parameter groups", found: "\(parameter.name) twice", expected: "each parameter once")
            }
        }
    }
}
