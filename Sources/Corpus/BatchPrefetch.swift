import Dispatch
import Synchronization

/// Reads batches ahead of the training loop, on another thread: a bounded queue in front of a `MixtureLoader`.
///
/// `rows(step:part:of:)` gives exactly what the loader would; the queue holds what a loop that goes through the parts
/// of each step in order will ask for next. Any other request, and a change of weights, empties the queue and costs
/// one batch's waiting. Used by one consumer at a time; dropped or cancelled, it stops reading.
public final class BatchPrefetch: Sendable {
    /// The source of the batches.
    public let loader: MixtureLoader
    private let producer: Producer
    private let queue = DispatchQueue(label: "shearling.batch-prefetch")

    private struct Request: Sendable, Equatable {
        var step: Int
        var part: Int
        var parts: Int
    }

    private struct Ready: Sendable {
        var request: Request
        var revision: Int
        var batch: TokenBatch
    }

    /// The part that queued work keeps alive: the queue's content and what comes next.
    private final class Producer: Sendable {
        let loader: MixtureLoader
        let parts: Range<Int>?
        let depth: Int
        let memory = Mutex(Memory())

        struct Memory: Sendable {
            var ready: [Ready] = []
            var next: Request?
            var isCancelled = false
        }

        init(loader: MixtureLoader, parts: Range<Int>?, depth: Int) {
            self.loader = loader
            self.parts = parts
            self.depth = depth
        }

        /// What comes after `request` in a loop over steps and, within a step, over our parts.
        func successor(of request: Request) -> Request {
            let range = parts ?? 0..<request.parts
            let part = request.part + 1
            return part < range.upperBound
                ? Request(step: request.step, part: part, parts: request.parts)
                : Request(step: request.step + 1, part: range.lowerBound, parts: request.parts)
        }

        /// Reads one batch, if there is room; whether there may be room for more.
        func produce() -> Bool {
            let wanted = memory.withLock { $0.isCancelled || $0.ready.count >= depth ? nil : $0.next }
            guard let wanted else { return false }
            let revision = loader.revision
            guard let batch = try? loader.rows(step: wanted.step, part: wanted.part, of: wanted.parts) else {
                // The consumer meets the error itself when it comes to this batch.
                memory.withLock { if $0.next == wanted { $0.next = nil } }
                return false
            }
            memory.withLock { memory in
                guard memory.next == wanted, !memory.isCancelled else { return }
                memory.ready.append(Ready(request: wanted, revision: revision, batch: batch))
                memory.next = successor(of: wanted)
            }
            return true
        }

        /// The batch of `request`, if it is the first of the queue and still right.
        func take(_ request: Request) -> TokenBatch? {
            let revision = loader.revision
            return memory.withLock { memory in
                guard let first = memory.ready.first, first.request == request, first.revision == revision else {
                    return nil
                }
                memory.ready.removeFirst()
                return first.batch
            }
        }

        /// Forgets the queue; `request` comes next.
        func restart(at request: Request) {
            memory.withLock { memory in
                memory.ready.removeAll()
                memory.next = request
            }
        }
    }

    /// A queue of `depth` batches in front of `loader`.
    /// - Parameter parts: the parts of each step that this consumer asks for (one rank's); nil means all.
    public init(_ loader: MixtureLoader, parts: Range<Int>? = nil, depth: Int = 2) {
        self.loader = loader
        producer = Producer(loader: loader, parts: parts, depth: max(depth, 1))
    }

    deinit { producer.memory.withLock { $0.isCancelled = true } }

    /// What `MixtureLoader.rows(step:part:of:)` gives, mostly without waiting.
    /// - Throws: as that one does, when the batch is asked for, never earlier.
    public func rows(step: Int, part: Int = 0, of parts: Int = 1) throws(CorpusError) -> TokenBatch {
        let request = Request(step: step, part: part, parts: parts)
        defer { refill() }
        if let batch = producer.take(request) { return batch }
        // The batch that is being read now may be the one.
        queue.sync {}
        if let batch = producer.take(request) { return batch }
        let batch = try loader.rows(step: step, part: part, of: parts)
        producer.restart(at: producer.successor(of: request))
        return batch
    }

    /// Ends reading ahead and waits until no thread is in the loader; `rows` goes on to work, without the queue.
    public func cancel() {
        producer.memory.withLock { memory in
            memory.isCancelled = true
            memory.ready.removeAll()
        }
        queue.sync {}
    }

    private func refill() {
        Self.produce(producer, on: queue)
    }

    /// One batch per block, so that a waiting consumer waits for one batch at most.
    private static func produce(_ producer: Producer, on queue: DispatchQueue) {
        queue.async {
            if producer.produce() { produce(producer, on: queue) }
        }
    }
}
