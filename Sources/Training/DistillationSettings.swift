/// How a student follows its teacher.
public struct DistillationSettings: Codable, Sendable, Hashable {
    /// The share of the divergence in the loss, 0 to 1; the rest is the cross-entropy of the targets. 1 is best by
    /// Minitron (arXiv 2407.14679, section 4.2: logits alone, no cross-entropy).
    public var weight: Double
    /// Divides the logits of both before the divergence is taken, which then counts times its square; above 0.
    public var temperature: Double

    /// The divergence alone, at temperature 1, unless told otherwise.
    public init(weight: Double = 1, temperature: Double = 1) {
        self.weight = weight
        self.temperature = temperature
    }

    /// - Throws: `TrainingError.setting` for a value that cannot be meant.
    public func check() throws(TrainingError) {
        guard weight >= 0, weight <= 1 else {
            throw .setting(name: "distillation weight", found: "\(weight)", expected: "a share of 0 to 1")
        }
        guard temperature > 0, temperature.isFinite else {
            throw .setting(name: "distillation temperature", found: "\(temperature)", expected: "a positive number")
        }
    }
}
