/// Which networks each step of a super-network's training runs.
public struct ElasticSettings: Codable, Sendable, Hashable {
    /// The networks of a step.
    public var schedule: Schedule
    /// Random sub-networks of a step that has any, at least 1.
    public var subNetworks: Int

    /// Which networks share a step. The loss of a step is the mean over its networks.
    public enum Schedule: String, Codable, Sendable, CaseIterable {
        /// The whole network at even steps (from 0), random sub-networks at odd ones: InstaTune as LLaMA-NAS modifies
        /// it (arXiv 2405.18377), plain cross-entropy.
        case alternating
        /// The whole network and random sub-networks at each step: InstaTune (arXiv 2308.15609, equation 3) without
        /// its teacher.
        case joint
        /// The whole network, the smallest one and random ones between at each step: the sandwich rule of universally
        /// slimmable networks (arXiv 1903.05134).
        case sandwich
    }

    /// The faithful mode unless told otherwise.
    public init(schedule: Schedule = .alternating, subNetworks: Int = 1) {
        self.schedule = schedule
        self.subNetworks = subNetworks
    }

    /// The rules that these settings break, one sentence each.
    public func problems() -> [String] {
        subNetworks >= 1 ? [] : ["a step has \(subNetworks) random sub-networks; at least 1 is needed"]
    }
}
