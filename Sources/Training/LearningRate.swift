internal import Glibc

/// How the share of the peak rate changes over a run: a linear warm-up, then a decay.
public struct LearningRate: Codable, Sendable, Hashable {
    /// What follows the warm-up.
    public enum Decay: String, Codable, Sendable, CaseIterable {
        /// Half a cosine from the peak to `finalFraction` at the last step.
        case cosine
        /// The peak to the end.
        case constant
    }

    /// The steps of the warm-up; step `warmupSteps - 1` is the first at the peak. 0: none.
    public var warmupSteps: Int
    public var decay: Decay
    /// The share of the peak that is left at the end, 0 to 1 (the paper's 0.1).
    public var finalFraction: Double

    public init(warmupSteps: Int = 0, decay: Decay = .cosine, finalFraction: Double = 0.1) {
        self.warmupSteps = warmupSteps
        self.decay = decay
        self.finalFraction = finalFraction
    }

    /// The share of the peak rate at `step`.
    /// - Parameters:
    ///   - step: Counted from 0.
    ///   - steps: The run's length.
    /// - Returns: More than 0 (a warm-up starts at one part, not at nothing) and at most 1.
    public func fraction(at step: Int, of steps: Int) -> Double {
        if step < warmupSteps { return Double(step + 1) / Double(warmupSteps) }
        guard decay == .cosine else { return 1 }
        let length = Double(max(steps - warmupSteps, 1))
        let progress = min(max(Double(step - warmupSteps), 0) / length, 1)
        return finalFraction + (1 - finalFraction) * 0.5 * (1 + cos(Double.pi * progress))
    }
}
