/// The choices of one pruning run to an exact shape; they decide its result. Those of `MaskRules` are members of it too.
@dynamicMemberLookup
public struct PruningSettings: Codable, Sendable, Hashable {
    /// The exact shape to end at.
    public var target: TargetArchitecture
    /// How masks are learned.
    public var rules: MaskRules
    /// Size of the masks that evaluations use.
    public var evaluationSize: MaskSize = .current
    /// When to stop because the masks no longer change; nil runs all steps.
    public var earlyStop: FrozenMasks?

    /// The paper's choices with its rates (Sheared-LLaMA, arXiv 2310.06694, appendix C), for runs of thousands of steps.
    public init(target: TargetArchitecture, rampSteps: Int) {
        self.init(target: target, rules: MaskRules(rampSteps: rampSteps))
    }

    /// Choices made elsewhere.
    public init(target: TargetArchitecture, rules: MaskRules) {
        self.target = target
        self.rules = rules
    }

    /// Choices that reach the target within tens of steps: projected masks that start in order of importance.
    public static func shortBudget(target: TargetArchitecture, rampSteps: Int) -> PruningSettings {
        PruningSettings(target: target, rules: .shortBudget(rampSteps: rampSteps))
    }

    public subscript<Value>(dynamicMember rule: WritableKeyPath<MaskRules, Value>) -> Value {
        get { rules[keyPath: rule] }
        set { rules[keyPath: rule] = newValue }
    }

    /// Every value that makes no sense, each in one plain sentence; empty when all do.
    public func problems() -> [String] {
        var problems = rules.problems().map(\.reason)
        guard let earlyStop else { return problems }
        if earlyStop.steps <= 0 { problems.append("early stop waits \(earlyStop.steps) steps; at least 1 is needed") }
        if earlyStop.tolerance <= 0 {
            problems.append("the early stop's tolerance is \(earlyStop.tolerance); it must be positive")
        }
        return problems
    }
}

/// When masks count as frozen: after the ramp, the same elements selected for `steps` optimizer steps in a row, with
/// every family's expected sparsity within `tolerance` of its target.
public struct FrozenMasks: Codable, Sendable, Hashable {
    /// Optimizer steps without a change of the selection.
    public var steps: Int
    /// Largest distance of a family's expected sparsity from its target, as a share.
    public var tolerance: Double

    /// Frozen after `steps` unchanged steps.
    public init(steps: Int, tolerance: Double = 0.02) {
        self.steps = steps
        self.tolerance = tolerance
    }
}
