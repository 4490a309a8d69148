internal import Transformer

/// What goes through models in a stage without training them: calibration, references, evaluations. A ledger that left it
/// out would favour the arms that are cut by what they learn between their steps.
struct ReadCost {
    private(set) var tokens = 0
    /// Floating-point operations by the cost model.
    private(set) var operations = 0.0

    mutating func add(_ count: Int, operationsPerToken: Double) {
        tokens += count
        operations += Double(count) * operationsPerToken
    }

    /// Adds a forward pass of so many tokens in sequences of `length`.
    mutating func add(_ count: Int, through architecture: Architecture, length: Int) {
        add(count, operationsPerToken: CostModel(architecture).forwardFLOPsPerToken(sequenceLength: length))
    }
}
