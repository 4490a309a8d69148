/// How the sparsity that the constraint asks for grows: linearly from `start` to a family's target over `rampSteps`
/// optimizer steps, then constant (Sheared-LLaMA, arXiv 2310.06694: from 0 over 20% of the steps).
public struct TargetSchedule: Codable, Sendable, Hashable {
    /// Steps until the full target; 0 asks for it at once.
    public var rampSteps: Int
    /// The sparsity at step 0.
    public var start: Double

    /// A linear ramp.
    public init(rampSteps: Int, start: Double = 0) {
        self.rampSteps = rampSteps
        self.start = start
    }

    /// The sparsity asked for at `step`, counted from 0, of a family whose target is `full`.
    public func sparsity(at step: Int, full: Double) -> Double {
        let progress = rampSteps > 0 ? min(1, Double(max(0, step)) / Double(rampSteps)) : 1
        return start + (full - start) * progress
    }
}
