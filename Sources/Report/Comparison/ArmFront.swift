/// The arms that no other one beats in both size and loss.
public struct ArmFront: Codable, Sendable, Equatable {
    public var criterion: SizeMatch.Criterion
    /// From the smallest on.
    public var arms: [String]

    /// - Parameter arms: those whose size is known; less of both is better.
    /// - Returns: nil without any.
    init?(_ criterion: SizeMatch.Criterion, arms: [(name: String, size: Double, loss: Double)]) {
        guard !arms.isEmpty else { return nil }
        self.criterion = criterion
        self.arms = arms.filter { arm in
            !arms.contains { other in
                other.size <= arm.size && other.loss <= arm.loss && (other.size, other.loss) != (arm.size, arm.loss)
            }
        }.sorted { $0.size < $1.size }.map(\.name)
    }
}
