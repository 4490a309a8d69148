/// One thing that follows from a comparison, or that must be known to read it.
public struct Finding: Codable, Sendable, Equatable {
    public var topic: Topic
    /// Whole sentences.
    public var text: String
    /// Whether it says which of two is better; false for what cannot be told and for what qualifies the rest.
    public var isDecided: Bool

    enum CodingKeys: String, CodingKey {
        case topic, text
        case isDecided = "decided"
    }

    /// What it is about.
    public enum Topic: String, Codable, Sendable {
        case losses, flips, tasks, speed, cost, recovery, seeds

        /// What a reader sees.
        var label: String {
            switch self {
            case .losses: "Losses"
            case .flips: "Rank flips"
            case .tasks: "Tasks"
            case .speed: "Speed"
            case .cost: "Cost"
            case .recovery: "Budget"
            case .seeds: "Seeds"
            }
        }
    }
}
