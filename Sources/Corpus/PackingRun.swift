import Dispatch
import Synchronization

/// A finished part and its folder.
struct FinishedPart: Sendable {
    var part: PackedPart
    var folder: String
}

/// Packs the shards of a corpus on several threads; each takes the next shard when it is done with one.
final class PackingRun: Sendable {
    private let packer: ShardPacker
    private let report: @Sendable (PackingProgress) -> Void
    private let shouldStop: @Sendable () -> Bool
    private let memory: Mutex<Memory>

    private struct Memory: Sendable {
        var waiting: ArraySlice<Int>
        var parts: [FinishedPart?]
        var progress: PackingProgress
        var failure: (shard: Int, error: CorpusError)?
        var isStopped = false
        var reportedDocuments = 0
    }

    private static let documentsBetweenReports = 256

    /// - Parameter share: Which of `count` shares, to which the shards are dealt out, is packed.
    init(
        _ packer: ShardPacker, share: Int = 0, of count: Int = 1,
        progress: @escaping @Sendable (PackingProgress) -> Void,
        shouldStop: @escaping @Sendable () -> Bool
    ) {
        self.packer = packer
        report = progress
        self.shouldStop = shouldStop
        let shards = packer.corpus.shards
        var order = Array(shards.indices)
        // Large shards first leave no thread alone with a large one at the end; limits want the first ones first.
        if !packer.settings.hasLimits {
            order.sort { (shards[$0].bytes, $1) > (shards[$1].bytes, $0) }
        }
        order = order.enumerated().filter { $0.offset % count == share }.map(\.element)
        let start = PackingProgress(
            shardsTotal: order.count, bytesTotal: order.reduce(0) { $0 + shards[$1].bytes })
        memory = Mutex(
            Memory(waiting: order[...], parts: shards.map { _ in nil }, progress: start))
    }

    /// The part of each shard; nil for shards that the limits leave unread.
    func run(threads: Int) throws(CorpusError) -> [FinishedPart?] {
        DispatchQueue.concurrentPerform(iterations: min(threads, max(packer.corpus.shards.count, 1))) { _ in
            while let shard = take() { work(on: shard) }
        }
        let end = memory.withLock { ($0.parts, $0.failure?.error, $0.isStopped, $0.progress) }
        if let error = end.1 { throw error }
        if end.2 { throw .stopped(path: packer.folder, finished: end.3.shards, total: end.3.shardsTotal) }
        return end.0
    }

    private func take() -> Int? {
        let stop = shouldStop()
        return memory.withLock { memory in
            if stop { memory.isStopped = true }
            guard !memory.isStopped, memory.failure == nil else { return nil }
            while let shard = memory.waiting.popFirst() {
                if isNeeded(shard, memory.parts) { return shard }
                finish(shard, &memory)
            }
            return nil
        }
    }

    private func work(on shard: Int) {
        do throws(CorpusError) {
            let finished = try packer.pack(packer.corpus.shards[shard], observe: observe)
            memory.withLock { memory in
                guard let finished else {
                    memory.isStopped = true
                    return
                }
                memory.parts[shard] = FinishedPart(part: finished.part, folder: finished.folder)
                finish(shard, &memory)
            }
        } catch {
            memory.withLock { memory in
                if shard < memory.failure?.shard ?? .max { memory.failure = (shard, error) }
            }
        }
    }

    private func finish(_ shard: Int, _ memory: inout Memory) {
        memory.progress.shards += 1
        memory.progress.bytes += packer.corpus.shards[shard].bytes
        report(memory.progress)
    }

    private func observe(tokens: Int, textBytes: Int) -> Bool {
        let stop = shouldStop()
        return memory.withLock { memory in
            memory.progress.documents += 1
            memory.progress.tokens += tokens
            memory.progress.textBytes += textBytes
            if memory.progress.documents - memory.reportedDocuments >= Self.documentsBetweenReports {
                memory.reportedDocuments = memory.progress.documents
                report(memory.progress)
            }
            if stop { memory.isStopped = true }
            return !memory.isStopped && memory.failure == nil
        }
    }

    /// Whether the limits leave room for `shard`, as far as the finished shards before it tell.
    private func isNeeded(_ shard: Int, _ parts: [FinishedPart?]) -> Bool {
        !packer.settings.hasLimits || packer.corpus.isNeeded(shard, parts.map { $0?.part }, packer.settings)
    }
}

extension ResolvedCorpus {
    /// Whether a domain of `shard` has fewer rows in `parts` before it than it may have.
    func isNeeded(_ shard: Int, _ parts: [PackedPart?], _ settings: PackingSettings) -> Bool {
        let split = shards[shard].split
        guard let limit = settings.rowLimit(split) else { return true }
        let scope = shards[shard].domain.map { [$0] } ?? domains
        return scope.contains { domain in
            var rows = 0
            for (part, earlier) in zip(parts, shards).prefix(shard) where earlier.split == split {
                rows += part?.output(domain, split)?.rows ?? 0
            }
            return rows < limit
        }
    }
}
