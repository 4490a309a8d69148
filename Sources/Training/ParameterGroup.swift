public import Torch

/// Parameters that share a rate, a direction and a clipping norm.
public struct ParameterGroup {
    /// The name in metrics and checkpoints, unique in an objective: `weights`, `masks`, `multipliers`.
    public var name: String
    /// What the optimizer changes; names are unique over all groups of an objective.
    public var parameters: [Parameter]
    /// The peak rate; `nil`: the settings' `peakRate`.
    public var rate: Double?
    /// How the rate changes over the run.
    public var schedule: GroupSchedule
    /// Whether the step ascends (Lagrange multipliers).
    public var maximize: Bool
    /// The groups whose gradients are clipped together, by one norm.
    public var clip: ClipGroup

    public init(
        name: String, parameters: [Parameter], rate: Double? = nil, schedule: GroupSchedule = .common,
        maximize: Bool = false, clip: ClipGroup = ClipGroup(name: "weights")
    ) {
        self.name = name
        self.parameters = parameters
        self.rate = rate
        self.schedule = schedule
        self.maximize = maximize
        self.clip = clip
    }
}

/// How the rate of one group changes over a run.
public enum GroupSchedule: Sendable, Hashable, Codable {
    /// The settings' warm-up and decay.
    case common
    /// The peak rate at each step.
    case constant
    /// A schedule of the group's own.
    case own(LearningRate)
}

/// A joint limit on the gradient norm of some groups.
public struct ClipGroup: Sendable, Hashable, Codable {
    /// Groups with the same name are clipped together.
    public var name: String
    /// The largest Euclidean norm; `nil`: the settings' `clipNorm`; infinity: no limit.
    public var maximumNorm: Double?

    public init(name: String, maximumNorm: Double? = nil) {
        self.name = name
        self.maximumNorm = maximumNorm
    }
}
