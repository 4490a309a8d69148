internal import Torch

/// How fast stages go on this machine: from what earlier artifacts took, else from a product measured now.
public final class RateBook {
    /// A rate and where it comes from.
    public struct Rate: Sendable, Equatable {
        /// Floating-point operations per second, of the cost model's count.
        public let operationsPerSecond: Double
        /// One clause for a person.
        public let source: String
    }

    /// The share of the bare product rate that a whole training step reaches, until a run has recorded a better figure.
    static let assumedShare = 0.35

    private let store: ArtifactStore
    private var measured: [DType: Rate] = [:]

    /// - Parameter store: whose artifacts' records are read.
    public init(store: ArtifactStore) { self.store = store }

    /// The rate for a stage; nil when nothing can be measured.
    public func rate(for stage: PlannedStage) -> Rate? {
        if let record = newestRecord(of: stage.kind), record.cost.floatingPointOperations > 0, record.cost.wallSeconds > 0 {
            return Rate(
                operationsPerSecond: record.cost.floatingPointOperations / record.cost.wallSeconds,
                source: "recorded when stage \(record.id) ran")
        }
        guard stage.declaration.runtime.device == "cpu" else { return nil }
        return product(stage.declaration.spec.computeDType)
    }

    private func product(_ dtype: DType) -> Rate? {
        if let known = measured[dtype] { return known }
        guard let rate = try? Engine.measuredProductRate(dtype, size: 512, runs: 1) else { return nil }
        let made = Rate(
            operationsPerSecond: rate * RateBook.assumedShare,
            source: "\(Int(RateBook.assumedShare * 100))% of the \(dtype.rawValue) product rate measured now")
        measured[dtype] = made
        return made
    }

    /// The newest record of a kind that says how many operations it took.
    private func newestRecord(of kind: StageKind) -> StageRecord? {
        store.records().filter { $0.kind == kind && $0.cost.floatingPointOperations > 0 }.max { $0.finishedAt < $1.finishedAt }
    }
}

extension StageSpec {
    /// The type a stage computes in.
    var computeDType: DType {
        switch self {
        case let spec as PruneSpec: spec.training?.precision.dtype ?? .float32
        case let spec as PretrainSpec: spec.training.precision.dtype
        case let spec as EvaluateSpec: spec.precision.dtype
        default: .float32
        }
    }
}
