public import Corpus
internal import Evaluation
public import Torch
public import Training
public import Transformer

/// Pruning as an objective: the weights, the masks and the constraint's multipliers are trained together
/// (Sheared-LLaMA, arXiv 2310.06694, section 2.1).
///
/// The noise of a step is drawn once, in `willStep`, and shared by all its micro-batches. The constraint is a
/// regulariser in nats per token, added once per step. After each optimizer step log-alphas and multipliers go back
/// within their bounds, or, with the `projected` constraint, the masks onto the schedule.
public struct MaskObjective: Objective {
    /// What a resumed run needs beside the parameters.
    public struct State: Codable, Sendable, Equatable {
        /// Optimizer steps done.
        public var step = 0
        /// Steps since the selection last changed, counted after the ramp.
        public var unchangedSteps = 0
        /// The early stop has been reached.
        public var isFrozen = false
    }

    /// The choices.
    public let settings: PruningSettings
    /// The learned masks.
    public let masks: PruningMasks
    /// How the asked sparsity grows.
    public let schedule: TargetSchedule
    /// Weights, masks and, for the `lagrangian` constraint, multipliers.
    public let parameterGroups: [ParameterGroup]
    public private(set) var state = State()
    private let multipliers: Multipliers?
    private var stepMasks: StepMasks<PruningMasks>
    private var selection: DeterministicSelection?

    /// The columns kept per family and row.
    private typealias DeterministicSelection = [MaskFamily: [[Int]]]

    /// Pruning of `model` as `settings` say.
    /// - Parameters:
    ///   - seed: Decides the start and every draw.
    ///   - calibration: Batches on which importance is measured; needed by `MaskStart.importance` only.
    /// - Throws: `ShearingError.impossibleTarget` when the target does not fit the model or a setting makes no sense,
    ///   `.noCalibrationData`, `.notFinite`, `.torch`.
    public init(
        _ model: LanguageModel, settings: PruningSettings, seed: UInt64, calibration: [TokenBatch] = []
    ) throws(ShearingError) {
        let importance = settings.start == .importance ? try Importance.measured(model, on: calibration) : nil
        try self.init(model, settings: settings, seed: seed, importance: importance)
    }

    /// Pruning of `model` with importance scores measured before.
    /// - Throws: as `init(_:settings:seed:calibration:)`.
    public init(
        _ model: LanguageModel, settings: PruningSettings, seed: UInt64, importance: Importance?
    ) throws(ShearingError) {
        let problems = settings.problems()
        guard problems.isEmpty else { throw .impossibleSettings(problems) }
        self.settings = settings
        schedule = TargetSchedule(rampSteps: settings.rampSteps)
        masks = try Self.start(model, settings: settings, seed: seed, importance: importance)
        stepMasks = StepMasks(masks, skipsMaskedUnits: settings.skipsMaskedUnits)
        let masks = masks
        let schedule = schedule
        multipliers = try withTorch { () throws(TorchError) -> Multipliers? in
            guard settings.constraint != .projected else {
                try masks.project(onto: schedule, at: 0)
                return nil
            }
            try masks.clampToBounds()
            guard settings.constraint == .lagrangian else { return nil }
            return try Multipliers(families: masks.families.count, bound: settings.multiplierBound, on: model.device)
        }
        parameterGroups = settings.rules.parameterGroups(model, logAlphas: masks.logAlphas, multipliers)
    }

    /// Log-alphas at the start, not yet bounded or projected.
    private static func start(
        _ model: LanguageModel, settings: PruningSettings, seed: UInt64, importance: Importance?
    ) throws(ShearingError) -> PruningMasks {
        switch settings.start {
        case .uniform:
            return try .uniform(source: model.architecture, target: settings.target, seed: seed, on: model.device)
        case .importance:
            guard let importance else { throw .noCalibrationData }
            return try .ranked(
                source: model.architecture, target: settings.target, importance: importance,
                center: settings.rules.startCenter, span: settings.rules.resolvedImportanceSpan, seed: seed,
                on: model.device)
        }
    }

    // MARK: Steps

    public mutating func willStep(_ step: Int, _ model: LanguageModel) throws(TrainingError) {
        do throws(TorchError) { try stepMasks.begin(step, model) } catch { throw .torch(error) }
    }

    public mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss {
        do throws(TorchError) {
            let rowSums = try stepMasks.rowLosses(model, of: batch, step: step, tape: tape)
            return ObjectiveLoss(rowSums_B: rowSums, regulariser: try penalty(at: step))
        } catch {
            throw .torch(error)
        }
    }

    /// The constraint's penalty summed over the families; nil when the constraint has none or nothing is pruned.
    private func penalty(at step: Int) throws(TorchError) -> Tensor? {
        guard settings.constraint != .projected else { return nil }
        var total: Tensor?
        for (index, rows) in masks.families.enumerated() {
            let (linear, quadratic) = try weights(at: index)
            let term = try SparsityConstraint.penalty(
                expected_R: masks.expectedSparsity(at: index),
                target: schedule.sparsity(at: step, full: rows.targetSparsity), linear: linear, quadratic: quadratic)
            if let sum = total { total = try sum + term } else { total = term }
        }
        return total
    }

    /// λ1 and λ2 of the family at `index` as scalars; no λ1 where it is not used.
    private func weights(at index: Int) throws(TorchError) -> (linear: Tensor?, quadratic: Tensor) {
        guard let multipliers else {
            return try (nil, Tensor.scalar(settings.quadraticWeight, on: masks.device))
        }
        return try (
            multipliers.linear.value.selected(0, index), multipliers.quadratic.value.selected(0, index)
        )
    }

    public func didBackward() throws(TorchError) { try stepMasks.takeGradients() }

    public mutating func didStep(_ metrics: StepMetrics) throws(TrainingError) {
        stepMasks.forget()
        state.step = metrics.step
        do throws(TorchError) {
            if settings.constraint == .projected {
                try masks.project(onto: schedule, at: metrics.step)
            } else {
                try masks.clampToBounds()
            }
            try multipliers?.clampToBounds()
        } catch {
            throw .torch(error)
        }
        do throws(ShearingError) { try followSelection() } catch { throw .objective(error) }
    }

    /// Counts for how long the selection has stayed the same, once the ramp is over.
    private mutating func followSelection() throws(ShearingError) {
        guard let frozen = settings.earlyStop, state.step >= settings.rampSteps else { return }
        let now = try selected()
        state.unchangedSteps = now == selection ? state.unchangedSteps + 1 : 0
        selection = now
        guard state.unchangedSteps >= frozen.steps else { return }
        var gap = 0.0
        for (index, rows) in masks.families.enumerated() {
            gap = try max(gap, abs(masks.state(at: index).mean - rows.targetSparsity))
        }
        state.isFrozen = gap <= frozen.tolerance
    }

    private func selected() throws(ShearingError) -> DeterministicSelection {
        let kept = try masks.deterministic(.target)
        return Dictionary(uniqueKeysWithValues: masks.families.map { ($0.family, kept.keptColumns(of: $0.family)) })
    }

    public var isFinished: Bool { state.isFrozen }

    public mutating func restore(_ state: State, tensors: [String: Tensor]) throws(TrainingError) {
        self.state = state
        stepMasks.forget()
        do throws(ShearingError) {
            selection = settings.earlyStop != nil && state.step >= settings.rampSteps ? try selected() : nil
        } catch {
            throw .objective(error)
        }
    }

    // MARK: What it shows

    public func metrics() throws(TrainingError) -> [String: Double] {
        var metrics: [String: Double] = [:]
        do throws(ShearingError) {
            let (linear, quadratic) = try multiplierValues()
            for (index, rows) in masks.families.enumerated() {
                let family = rows.family.rawValue
                let found = try masks.state(at: index)
                metrics["mask/\(family)/expected"] = found.mean
                metrics["mask/\(family)/target"] = schedule.sparsity(at: state.step, full: rows.targetSparsity)
                metrics["mask/\(family)/undecided"] = found.undecided
                if let linear, let quadratic {
                    metrics["lagrangian/\(family)/linear"] = linear[index]
                    metrics["lagrangian/\(family)/quadratic"] = quadratic[index]
                }
            }
        } catch {
            throw .objective(error)
        }
        return metrics
    }

    public func evaluationMasks() throws(TrainingError) -> LayerMasks? {
        do throws(ShearingError) {
            let selection = try masks.deterministic(settings.evaluationSize)
            return try withTorch { () throws(TorchError) in try selection.layerMasks(on: masks.device) }
        } catch {
            throw .objective(error)
        }
    }

    /// How far the masks have come after the steps done so far.
    /// - Throws: `ShearingError.notFinite` when a log-alpha is NaN or infinite, `.torch`.
    public func convergence() throws(ShearingError) -> ConvergenceReport {
        let (linear, quadratic) = try multiplierValues()
        return try masks.convergence(
            at: state.step, schedule: schedule, constraint: settings.constraint, linear: linear, quadratic: quadratic,
            unchangedSteps: settings.earlyStop == nil ? nil : state.unchangedSteps)
    }

    /// λ1 and λ2 per family, nil where the constraint has none.
    private func multiplierValues() throws(ShearingError) -> (linear: [Double]?, quadratic: [Double]?) {
        switch settings.constraint {
        case .projected: return (nil, nil)
        case .quadratic: return (nil, masks.families.map { _ in settings.quadraticWeight })
        case .lagrangian:
            return try withTorch { () throws(TorchError) in
                try (
                    multipliers?.linear.master.floats().map(Double.init),
                    multipliers?.quadratic.master.floats().map(Double.init)
                )
            }
        }
    }
}
