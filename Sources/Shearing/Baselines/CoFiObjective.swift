public import Corpus
internal import Evaluation
public import Torch
public import Training
public import Transformer

/// The choices of a run towards a size; they decide its result.
public struct CoFiSettings: Codable, Sendable, Hashable {
    /// Parameters to end at, embeddings included.
    public var parameters: Int
    /// How masks are learned. A `linear` multiplier and a `quadratic` one hold the one overall constraint.
    public var rules: MaskRules

    public init(parameters: Int, rules: MaskRules) {
        self.parameters = parameters
        self.rules = rules
    }
}

/// Pruning to an overall sparsity as an objective: weights, masks and one pair of multipliers are trained together, and
/// every layer may end with other heads and neurons, or none (CoFi, arXiv 2204.00408; the comparison of Sheared-LLaMA's
/// table 4).
///
/// The constraint is λ1 (e - t) + λ2 (e - t)² of the expected share e of all removed parameters; t grows linearly over
/// the ramp. With the `projected` constraint all log-alphas are shifted alike after each step instead, so that e = t.
public struct CoFiObjective: Objective {
    public let settings: CoFiSettings
    public let masks: CoFiMasks
    public let schedule: TargetSchedule
    public let parameterGroups: [ParameterGroup]
    public private(set) var state = State()
    private let multipliers: Multipliers?
    private var stepMasks: StepMasks<CoFiMasks>

    /// What a resumed run needs beside the parameters.
    public struct State: Codable, Sendable, Equatable {
        /// Optimizer steps done.
        public var step = 0
    }

    /// - Parameters:
    ///   - seed: Decides the start and every draw.
    ///   - slopes: Needed by `MaskStart.importance` only.
    /// - Throws: `ShearingError.impossibleTarget` when the model cannot be pruned so or is not larger than the target,
    ///   `.impossibleSettings`, `.noCalibrationData` without slopes where they are needed, `.torch`.
    public init(
        _ model: LanguageModel, settings: CoFiSettings, seed: UInt64, slopes: MaskSlopes? = nil
    ) throws(ShearingError) {
        let problems = settings.rules.problems().map(\.reason)
        guard problems.isEmpty else { throw .impossibleSettings(problems) }
        let rules = settings.rules
        switch rules.start {
        case .uniform: masks = try .uniform(source: model.architecture, seed: seed, on: model.device)
        case .importance:
            guard let slopes else { throw .noCalibrationData }
            masks = try .ranked(
                source: model.architecture, slopes: slopes, center: rules.startCenter,
                span: rules.resolvedImportanceSpan, seed: seed, on: model.device)
        }
        stepMasks = StepMasks(masks, skipsMaskedUnits: rules.skipsMaskedUnits)
        try Self.check(settings.parameters, masks.layout)
        self.settings = settings
        schedule = TargetSchedule(rampSteps: rules.rampSteps)
        let masks = masks
        multipliers = try withTorch { () throws(TorchError) -> Multipliers? in
            guard rules.constraint != .projected else {
                try masks.project(onto: 0)
                return nil
            }
            try masks.clampToBounds()
            guard rules.constraint == .lagrangian else { return nil }
            return try Multipliers(families: 1, bound: rules.multiplierBound, on: model.device)
        }
        parameterGroups = rules.parameterGroups(model, logAlphas: masks.logAlphas, multipliers)
    }

    private static func check(_ parameters: Int, _ layout: CoFiLayout) throws(ShearingError) {
        guard parameters < layout.sourceParameters, parameters > 0 else {
            throw .impossibleTarget([
                "the target's \(parameters) parameters are not fewer than the source's \(layout.sourceParameters)"
            ])
        }
    }

    /// The share of the source's parameters that go in the end.
    public var targetSparsity: Double {
        1 - Double(settings.parameters) / Double(masks.layout.sourceParameters)
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

    private func penalty(at step: Int) throws(TorchError) -> Tensor? {
        guard settings.rules.constraint != .projected else { return nil }
        let target = schedule.sparsity(at: step, full: targetSparsity)
        guard let multipliers else {
            return try SparsityConstraint.penalty(
                expected_R: masks.expectedSparsity(), target: target, linear: nil,
                quadratic: Tensor.scalar(settings.rules.quadraticWeight, on: masks.device))
        }
        return try SparsityConstraint.penalty(
            expected_R: masks.expectedSparsity(), target: target, linear: multipliers.linear.value.selected(0, 0),
            quadratic: multipliers.quadratic.value.selected(0, 0))
    }

    public func didBackward() throws(TorchError) { try stepMasks.takeGradients() }

    public mutating func didStep(_ metrics: StepMetrics) throws(TrainingError) {
        stepMasks.forget()
        state.step = metrics.step
        do throws(TorchError) {
            if settings.rules.constraint == .projected {
                try masks.project(onto: schedule.sparsity(at: metrics.step, full: targetSparsity))
            } else {
                try masks.clampToBounds()
            }
            try multipliers?.clampToBounds()
        } catch {
            throw .torch(error)
        }
    }

    public mutating func restore(_ state: State, tensors: [String: Tensor]) throws(TrainingError) {
        self.state = state
        stepMasks.forget()
    }

    // MARK: What it shows

    public func metrics() throws(TrainingError) -> [String: Double] {
        let report: CoFiReport
        do throws(TorchError) { report = try convergence() } catch { throw .torch(error) }
        var metrics = ["mask/overall/expected": report.expected, "mask/overall/target": report.scheduled]
        for family in report.families {
            metrics["mask/\(family.family.rawValue)/expected"] = family.expected
            metrics["mask/\(family.family.rawValue)/undecided"] = family.undecided
        }
        if let linear = report.linearMultiplier { metrics["lagrangian/overall/linear"] = linear }
        if let quadratic = report.quadraticMultiplier { metrics["lagrangian/overall/quadratic"] = quadratic }
        return metrics
    }

    /// The selection of the size that is expected now.
    public func evaluationMasks() throws(TrainingError) -> LayerMasks? {
        do throws(ShearingError) {
            let expected = try withTorch { () throws(TorchError) in
                try withoutGradients { () throws(TorchError) in try masks.expectedSparsity().item() }
            }
            let left = (Double(masks.layout.sourceParameters) * (1 - expected)).rounded(.up)
            let selection = try masks.deterministic(parameters: Int(left))
            return try withTorch { () throws(TorchError) in try selection.masks.layerMasks(on: masks.device) }
        } catch {
            throw .objective(error)
        }
    }

    /// How far the masks have come after the steps done so far.
    /// - Throws: `TorchError` when the copy to the host fails.
    public func convergence() throws(TorchError) -> CoFiReport {
        let expected = try withoutGradients { () throws(TorchError) in try masks.expectedSparsity().item() }
        var linear: Double?
        var quadratic: Double?
        if let multipliers {
            linear = try multipliers.linear.master.detached().selected(0, 0).item()
            quadratic = try multipliers.quadratic.master.detached().selected(0, 0).item()
        } else if settings.rules.constraint == .quadratic {
            quadratic = settings.rules.quadraticWeight
        }
        return CoFiReport(
            step: state.step, constraint: settings.rules.constraint, expected: expected,
            scheduled: schedule.sparsity(at: state.step, full: targetSparsity), target: targetSparsity,
            families: try zip(CoFiLayout.Family.allCases, masks.states()).map {
                .init(family: $0, expected: $1.expected, undecided: $1.undecided)
            }, linearMultiplier: linear, quadraticMultiplier: quadratic)
    }
}
