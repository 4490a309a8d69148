internal import Evaluation
internal import FoundationEssentials
internal import Glibc

/// Adds up what a stage takes over all its attempts; what a killed attempt took is known up to its last checkpoint.
final class CostMeter {
    static let fileName = "cost.json"
    private let path: String
    private let earlier: StageCost
    private let start = ContinuousClock.now
    private let processorStart = CostMeter.processorSeconds()

    /// Starts counting an attempt in a stage's folder.
    init(at folder: String) {
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
        cost.processorSeconds += CostMeter.processorSeconds() - processorStart
        cost.peakMemoryBytes = max(cost.peakMemoryBytes, MemoryUse.peakResidentBytes)
        return cost
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
