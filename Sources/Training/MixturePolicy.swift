/// How the mixture of domains follows their losses (dynamic batch loading).
public struct MixturePolicy: Codable, Sendable, Hashable {
    /// What counts as a domain's gap to its reference.
    public enum Gap: String, Codable, Sendable, CaseIterable {
        /// `max(loss - reference, 0)`: the paper's.
        case clipped
        /// `loss - reference`: the published code's.
        case signed
    }

    public var gap: Gap
    /// The exponent's factor: a domain's weight is multiplied by `exp(eta * gap)`.
    public var eta: Double
    /// The share that is spread evenly over all domains that the starting mixture gives a weight, 0 to 1.
    public var smoothing: Double
    /// The least weight of such a domain; at most 1 / their number.
    public var floor: Double
    /// The largest weight of such a domain; at least 1 / their number.
    public var cap: Double
    /// How far each update first returns to the starting mixture, in logarithms, 0 (never) to 1 (fully): the gaps of
    /// about `1 / pull` updates count.
    public var priorPull: Double

    public init(
        gap: Gap = .clipped, eta: Double = 1, smoothing: Double = 1e-4, floor: Double = 0, cap: Double = 1,
        priorPull: Double = 0
    ) {
        self.gap = gap
        self.eta = eta
        self.smoothing = smoothing
        self.floor = floor
        self.cap = cap
        self.priorPull = priorPull
    }

    /// - Throws: `TrainingError.setting` for the first field that cannot be meant, whatever the domains.
    func check() throws(TrainingError) {
        func need(_ name: String, _ found: Double, _ expected: String, _ holds: Bool) throws(TrainingError) {
            if !holds { throw .setting(name: "mixture \(name)", found: "\(found)", expected: expected) }
        }
        try need("eta", eta, "0 or more", eta >= 0 && eta.isFinite)
        try need("smoothing", smoothing, "0 to 1", (0...1).contains(smoothing))
        try need("floor", floor, "0 to below 1", (0..<1).contains(floor))
        try need("cap", cap, "above the floor and at most 1", cap > floor && cap <= 1)
        try need("prior pull", priorPull, "0 to 1", (0...1).contains(priorPull))
    }

    /// - Parameter domains: The number of those with a weight.
    /// - Throws: `TrainingError.setting` when as many weights within floor and cap cannot add up to 1.
    func check(domains: Int) throws(TrainingError) {
        let count = Double(domains)
        if floor * count > 1 + 1e-12 {
            throw .setting(name: "mixture floor", found: "\(floor)", expected: "at most 1 / \(domains) domains")
        }
        if cap * count < 1 - 1e-12 {
            throw .setting(name: "mixture cap", found: "\(cap)", expected: "at least 1 / \(domains) domains")
        }
    }
}
