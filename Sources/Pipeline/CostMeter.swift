internal import Evaluation
internal import FoundationEssentials
internal import Glibc
internal import Torch

/// Adds up what a stage takes over all its attempts; what a killed attempt took is known up to its last checkpoint.
final class CostMeter {
    static let fileName = "cost.json"
    private let path: String
    private let earlier: StageCost
    private let start = ContinuousClock.now
    private let processorStart = CostMeter.processorSeconds()
    /// Processor seconds of other ranks in this attempt.
    private var othersSeconds = 0.0
    private var tensorBytes: [Int]?

    /// Starts counting an attempt in a stage's folder.
    /// - Parameter folder: nil for a rank that only counts for the first.
    init(at folder: String?) {
        guard let folder else {
            path = ""
            earlier = StageCost()
            return
        }
        path = folder + "/" + CostMeter.fileName
        let saved = (try? Folder.read(path)).flatMap { try? JSONDecoder().decode(StageCost.self, from: $0) }
        earlier = saved ?? StageCost()
        MemoryUse.startPeak()
    }

    /// All attempts so far, this one included.
    func total() -> StageCost {
        var cost = earlier
        cost.attempts += 1
        cost.wallSeconds += CostMeter.seconds(ContinuousClock.now - start)
        cost.processorSeconds += CostMeter.processorSeconds() - processorStart + othersSeconds
        cost.peakMemoryBytes = max(cost.peakMemoryBytes, MemoryUse.peakResidentBytes)
        cost.tensorBytesByRank = tensorBytes
        return cost
    }

    /// Keeps how much the tensors of training took since `Engine.forgetPeak()`, on each rank when all of them call it.
    func countTensors(_ group: ProcessGroup?) throws(PipelineError) {
        let own = Engine.peakTensorBytes
        tensorBytes = try withTorch { () throws(TorchError) in
            try group?.gathered(Tensor([own])).int64s().map { Int($0) } ?? [own]
        }
    }

    /// Counts what the other ranks have taken so far, when all of them call it.
    func countOthers(_ group: ProcessGroup) throws(PipelineError) {
        let own = CostMeter.processorSeconds() - processorStart
        othersSeconds = try withTorch { () throws(TorchError) in try group.sums([own]) }[0] - own
    }

    /// Keeps the count for a later attempt; a full disk loses only the count.
    func save() { try? Folder.write(CanonicalJSON.bytes(of: total()), to: path) }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    /// Processor seconds of this process, all threads.
    static func processorSeconds() -> Double {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
