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

    /// The share of a GPU's bare product rate that a whole training step reaches, until a run has recorded a better figure.
    static let assumedShare = 0.35
    /// The same of processors, whose steps spend most of their time in products: they reach 0.6 to 0.75 (`train.floor` of
    /// BENCHMARKS.md), less what a stage measures and writes.
    static let assumedProcessorShare = 0.55

    private let store: ArtifactStore
    private var measured: [String: Rate] = [:]

    /// - Parameter store: whose artifacts' records are read.
    public init(store: ArtifactStore) { self.store = store }

    /// What is assumed of a GPU where there is none: NVIDIA's A100, whose data sheet gives 312 TFLOP/s of dense bfloat16
    /// products. Of those the published rates of Sheared-LLaMA's code come to 36% (pruning 7B), 42% and 37% (continuing to
    /// train 2.7B and 1.3B) by this package's cost model, recomputed activations counted: 1,844, 4,957 and 8,684 tokens a
    /// second and GPU, as the README of princeton-nlp/LLM-Shearing has them.
    static let assumedDevice = Rate(
        operationsPerSecond: 312e12 * assumedShare,
        source: "assumed, no GPU being here: one A100 at \(Int(assumedShare * 100))% of its 312 TFLOP/s (bfloat16)")

    /// The rate for a stage; nil when nothing can be measured or assumed, as for other types than bfloat16 on a GPU that
    /// is not here.
    public func rate(for stage: PlannedStage) -> Rate? {
        if let record = newestRecord(of: stage.kind, on: stage.declaration.runtime.device),
            record.cost.floatingPointOperations > 0,
            record.cost.wallSeconds > 0
        {
            return Rate(
                operationsPerSecond: record.cost.floatingPointOperations / record.cost.wallSeconds,
                source: "recorded when stage \(record.id) ran")
        }
        let dtype = stage.declaration.spec.computeDType
        guard stage.declaration.runtime.device != "cpu" else { return product(dtype, on: .cpu, "") }
        if Engine.cudaIsAvailable { return product(dtype, on: .cuda(0), " on this GPU") }
        return dtype == .bfloat16 ? RateBook.assumedDevice : nil
    }

    private func product(_ dtype: DType, on device: Device, _ place: String) -> Rate? {
        let key = "\(dtype.rawValue)\(place)"
        if let known = measured[key] { return known }
        let size = device == .cpu ? 512 : 4096
        guard let rate = try? Engine.measuredProductRate(dtype, on: device, size: size, runs: 1) else { return nil }
        let share = device == .cpu ? RateBook.assumedProcessorShare : RateBook.assumedShare
        let made = Rate(
            operationsPerSecond: rate * share,
            source: "\(Int(share * 100))% of the \(dtype.rawValue) product rate measured now\(place)")
        measured[key] = made
        return made
    }

    /// The newest record of a kind, run on a device of that sort, that says how many operations it took.
    private func newestRecord(of kind: StageKind, on device: String) -> StageRecord? {
        store.records().filter {
            $0.kind == kind && $0.cost.floatingPointOperations > 0 && ($0.device ?? "cpu").prefix(3) == device.prefix(3)
        }.max { $0.finishedAt < $1.finishedAt }
    }
}
