internal import Corpus
internal import Dispatch
internal import Glibc
internal import Synchronization
internal import Torch
internal import Training

/// This rank's share of a corpus, packed on threads of its own while the ranks tell each other how they are.
final class SharedPacking: Sendable {
    private let packer: CorpusPacker
    private let folder: String
    private let stop: StopFlag
    private let result = Mutex<Result<Void, CorpusError>?>(nil)
    private let isCancelled = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)

    init(_ packer: CorpusPacker, into folder: String, stop: StopFlag) {
        self.packer = packer
        self.folder = folder
        self.stop = stop
    }

    /// Packs all shares, each rank its own, when all ranks call it.
    /// - Throws: `.interrupted` on all ranks when one is asked to stop; `.corpus` on a rank that cannot go on, and `.torch`
    ///   with its reason on the others.
    func run(over group: ProcessGroup) throws(PipelineError) {
        let (share, count) = (group.rank, group.count)
        DispatchQueue(label: "shearling.packing", qos: .userInitiated).async { [self] in
            let found = Result { () throws(CorpusError) in
                try packer.prepare(
                    share: share, of: count, in: folder,
                    shouldStop: { [self] in stop.isRaised || isCancelled.load(ordering: .relaxed) })
            }
            result.withLock { $0 = found }
            ended.signal()
        }
        // Nothing goes on in the background when this returns.
        defer {
            isCancelled.store(true, ordering: .relaxed)
            ended.wait()
        }
        var failure: CorpusError?
        while true {
            usleep(50_000)
            let own = result.withLock { $0 }
            if case .failure(let error)? = own {
                if case .stopped = error {} else { failure = error }
            }
            let signal = stop.isRaised ? Double(stop.signal ?? SIGINT) : 0
            let flags = [own == nil ? 1.0 : 0, failure == nil ? 0 : 1, signal]
            let most = try withTorch { () throws(TorchError) in try group.maxima(flags) }
            if most[1] > 0 { break }
            if most[2] > 0 { throw .interrupted(signal: Int32(most[2]), step: 0, unit: .file) }
            if most[0] == 0 { return }
        }
        let reasons = try withTorch { () throws(TorchError) in try group.texts(failure.map { "\($0)" } ?? "") }
        if let failure { throw .corpus(failure) }
        let rank = reasons.firstIndex { !$0.isEmpty } ?? 0
        throw .torch(
            TorchError(
                code: .rankLost, operation: "packing", message: "rank \(rank) cannot go on: \(reasons[rank])"))
    }
}
