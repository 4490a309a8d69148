/// One way to a model, followed from the cut to the end of recovery.
public struct ComparedArm: Codable, Sendable, Equatable {
    /// What it is called; unique in a comparison.
    public var name: String
    public var method: ArmMethod
    /// The stage whose model it ends with.
    public var model: String
    /// The stage whose model stands before any recovery.
    public var before: String?
    /// The stage whose model stands after a short recovery.
    public var short: String?

    public init(name: String, method: ArmMethod, model: String, before: String? = nil, short: String? = nil) {
        self.name = name
        self.method = method
        self.model = model
        self.before = before
        self.short = short
    }

    /// The stage of a regime; nil where the arm has none.
    public func stage(in regime: Regime) -> String? {
        switch regime {
        case .before: before
        case .short: short
        case .full: model
        }
    }
}

/// How far recovery has come when models are compared: rankings before and after it differ.
public enum Regime: String, Codable, Sendable, CaseIterable {
    case before, short, full

    public var label: String {
        switch self {
        case .before: "before recovery"
        case .short: "after short recovery"
        case .full: "after full recovery"
        }
    }
}
