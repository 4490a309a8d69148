internal import Corpus
internal import Dispatch
internal import Synchronization

/// The rows of the next step, read on another thread while the present one computes.
///
/// Rows are a function of the step and the mixture, so that reading ahead changes nothing but time; `forget` drops what
/// was read under an older mixture.
final class StepPrefetch {
    private final class Reading: Sendable {
        let step: Int
        private let result = Mutex<Result<[TokenBatch], CorpusError>?>(nil)
        private let done = DispatchSemaphore(value: 0)

        init(step: Int) { self.step = step }

        func finish(_ rows: Result<[TokenBatch], CorpusError>) {
            result.withLock { $0 = rows }
            done.signal()
        }

        /// Waits until the rows are there. Call it once.
        func take() -> Result<[TokenBatch], CorpusError>? {
            done.wait()
            return result.withLock { $0 }
        }
    }

    private let loader: MixtureLoader
    let share: RowShare
    private let queue = DispatchQueue(label: "shearling.prefetch", qos: .userInitiated)
    private var pending: Reading?
    private var following: LoaderPosition?

    init(loader: MixtureLoader, share: RowShare) {
        self.loader = loader
        self.share = share
    }

    deinit { forget() }

    /// The micro-batches of `step` that are this rank's, also those without rows; the next step's are begun unless this is the last.
    /// - Throws: `TrainingError.corpus`.
    func rows(step: Int, isLast: Bool) throws(TrainingError) -> [TokenBatch] {
        let result: Result<[TokenBatch], CorpusError>
        if let pending, pending.step == step, let read = pending.take() {
            self.pending = nil
            result = read
        } else {
            forget()
            result = Self.read(loader, step: step, share)
        }
        let rows = try withCorpus { () throws(CorpusError) in try result.get() }
        following = try withCorpus { () throws(CorpusError) in try loader.position(at: step + 1) }
        guard !isLast else { return rows }
        let reading = Reading(step: step + 1)
        pending = reading
        queue.async { [loader, share] in
            reading.finish(Self.read(loader, step: reading.step, share))
        }
        return rows
    }

    /// Where the loader stands before `step`: cheap for the step after the last one given.
    /// - Throws: `TrainingError.corpus`.
    func position(before step: Int) throws(TrainingError) -> LoaderPosition {
        if let following, following.step == step { return following }
        return try withCorpus { () throws(CorpusError) in try loader.position(at: step) }
    }

    /// Drops what was read ahead: the mixture changes.
    func forget() {
        _ = pending?.take()
        pending = nil
        following = nil
    }

    private static func read(
        _ loader: MixtureLoader, step: Int, _ share: RowShare
    ) -> Result<[TokenBatch], CorpusError> {
        Result { () throws(CorpusError) in
            var rows: [TokenBatch] = []
            for part in share.parts { rows.append(try loader.rows(step: step, part: part, of: share.count)) }
            return rows
        }
    }
}
