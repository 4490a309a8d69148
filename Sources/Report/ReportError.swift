/// Why models cannot be compared.
public enum ReportError: Error, Sendable, Equatable {
    /// A model that an arm names was not measured.
    case unmeasured(arm: String, stage: String)
    /// Two models were not measured on the same rows or questions.
    case unpaired(first: String, second: String, part: String)
}

extension ReportError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unmeasured(let arm, let stage):
            "arm '\(arm)': the model of stage '\(stage)' has no measured losses; "
                + "add it to the models of an evaluate stage that 'scores' names"
        case .unpaired(let first, let second, let part):
            "the models of '\(first)' and '\(second)' were not measured on the same \(part), so they cannot be paired; "
                + "measure both in one evaluate stage"
        }
    }
}
