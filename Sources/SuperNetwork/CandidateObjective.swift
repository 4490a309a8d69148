public import Search

/// What a sub-network can be judged by. Its text is its name in pipeline files, journals and reports.
public enum CandidateObjective: Sendable, Hashable {
    /// `domain_loss`: nats per token on held-out rows, the mean over domains; less is better.
    case domainLoss
    /// `accuracy:<task>`: the share of a task's questions that are answered rightly, by the task's own metric; more is
    /// better.
    case accuracy(task: String)
    /// `prefill_latency`: milliseconds that a prompt takes until its last position has logits; less is better.
    case prefillLatency
    /// `decode_latency`: milliseconds that each further token takes; less is better.
    case decodeLatency
    /// `parameters`: all weights, a tied head once; fewer are better.
    case parameters
    /// `fp16_bytes`: bytes of the weights at two bytes each; less is better.
    case halfPrecisionBytes
    /// `int8_bytes`: bytes with the projections quantised; less is better.
    case int8Bytes
    /// `int4_bytes`: the same in half bytes; less is better.
    case int4Bytes
    /// `kv_bytes`: bytes of keys and values that each token leaves behind, two a number; less is better. Layers decide it,
    /// so it tells sub-networks of one size apart.
    case keyValueBytes

    /// What stands before the name of a task.
    private static let accuracyPrefix = "accuracy:"
    private static let plain: [CandidateObjective] = [
        .domainLoss, .prefillLatency, .decodeLatency, .parameters, .halfPrecisionBytes, .int8Bytes, .int4Bytes,
        .keyValueBytes,
    ]
    /// The names of those that are computed from a sub-network's shape.
    public static let sizeNames = plain.filter { $0.searched.source == .computed }.map(\.name)
    /// Every name, that of accuracies with a place for the task.
    public static let names = plain.map(\.name) + ["accuracy:<task>"]

    /// The objective of a name; nil when there is none.
    public init?(_ name: String) {
        if name.hasPrefix(Self.accuracyPrefix), name.count > Self.accuracyPrefix.count {
            self = .accuracy(task: String(name.dropFirst(Self.accuracyPrefix.count)))
        } else if let objective = Self.plain.first(where: { $0.name == name }) {
            self = objective
        } else {
            return nil
        }
    }

    /// Its name.
    public var name: String {
        switch self {
        case .domainLoss: "domain_loss"
        case .accuracy(let task): Self.accuracyPrefix + task
        case .prefillLatency: "prefill_latency"
        case .decodeLatency: "decode_latency"
        case .parameters: "parameters"
        case .halfPrecisionBytes: "fp16_bytes"
        case .int8Bytes: "int8_bytes"
        case .int4Bytes: "int4_bytes"
        case .keyValueBytes: "kv_bytes"
        }
    }

    /// As a search sees it: sizes are computed, everything else is measured.
    public var searched: SearchObjective {
        switch self {
        case .accuracy: SearchObjective(name, .maximise, .measured)
        case .domainLoss, .prefillLatency, .decodeLatency: SearchObjective(name, .minimise, .measured)
        case .parameters, .halfPrecisionBytes, .int8Bytes, .int4Bytes, .keyValueBytes:
            SearchObjective(name, .minimise, .computed)
        }
    }

    /// Whether it takes a clock, so that no two runs measure the same.
    public var isTimed: Bool { self == .prefillLatency || self == .decodeLatency }

    /// Its value, when it is a size.
    func value(of size: SubNetworkSize) -> Double? {
        switch self {
        case .parameters: Double(size.parameters)
        case .halfPrecisionBytes: Double(size.halfPrecisionBytes)
        case .int8Bytes: Double(size.int8Bytes)
        case .int4Bytes: Double(size.int4Bytes)
        case .keyValueBytes: Double(size.keyValueBytesPerToken)
        case .domainLoss, .accuracy, .prefillLatency, .decodeLatency: nil
        }
    }
}
