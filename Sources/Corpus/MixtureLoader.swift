import Synchronization

/// Batches from the domains of a packed corpus in given proportions.
///
/// The rows of a step are a function of the corpus, the seed, the step and the weights so far: the same for any split
/// into parts, in whatever order steps are asked for, before and after a restart. Which domain each row comes from is
/// `MixtureSchedule`'s matter; within a domain the rows of an epoch come in the order `Permutation` of the stream
/// `mixture/<domain>/epoch-<n>`, each once. Safe to use from several threads.
public final class MixtureLoader: Sendable {
    /// The rows' source.
    public let corpus: PackedCorpus
    /// The rows of a step.
    public let batchRows: Int
    /// The seed of the rows' order.
    public let seed: UInt64
    /// What happens to a domain without rows left.
    public let exhausted: ExhaustionPolicy
    private let borders: DocumentBorders
    private let memory: Mutex<Memory>

    private struct Memory: Sendable {
        var history: [MixtureChange]
        /// The step that `schedule` stands before.
        var step: Int
        /// The change of weights that `schedule` follows, an index of `history`.
        var change: Int
        var schedule: MixtureSchedule
        /// The rows of the step before it, where they are known.
        var lastRows: (step: Int, rows: [RowID])?
        var permutations: [Int: (epoch: Int, order: Permutation)] = [:]
        var revision = 0
    }

    /// Starts before step 0.
    /// - Parameters:
    ///   - weights: one weight per domain of the corpus, of any positive sum.
    ///   - batchRows: the rows of a step, over all its parts.
    ///   - borders: whether batches respect the borders of documents; nil does as the corpus was packed.
    /// - Throws: `CorpusError.invalidArgument` for weights or sizes that cannot be, or a weighted domain without rows.
    public init(
        corpus: PackedCorpus, weights: [Double], batchRows: Int, seed: UInt64, exhausted: ExhaustionPolicy,
        borders: DocumentBorders? = nil
    ) throws(CorpusError) {
        guard batchRows > 0 else {
            throw .invalidArgument(reason: "A step of \(batchRows) rows", remedy: "give it at least 1")
        }
        let weights = try Self.checked(weights, for: corpus, exhausted)
        let schedule = MixtureSchedule(rowCounts: corpus.trainingRowCounts, weights: weights, policy: exhausted)
        self.corpus = corpus
        self.batchRows = batchRows
        self.seed = seed
        self.exhausted = exhausted
        self.borders = borders ?? corpus.index.borders
        memory = Mutex(
            Memory(
                history: [MixtureChange(step: 0, weights: weights, state: schedule.state)], step: 0, change: 0,
                schedule: schedule))
    }

    private static func checked(
        _ weights: [Double], for corpus: PackedCorpus, _ policy: ExhaustionPolicy
    ) throws(CorpusError) -> MixtureWeights {
        guard weights.count == corpus.domains.count else {
            throw .invalidArgument(
                reason: "\(weights.count) weights for \(corpus.domains.count) domains",
                remedy: "give one for each of \(corpus.domains.joined(separator: ", "))")
        }
        let checked = try MixtureWeights(weights)
        if policy != .renormalise {
            for (domain, name) in corpus.domains.enumerated()
            where checked.values[domain] > 0 && corpus.training(domain).count == 0 {
                throw .domainExhausted(domain: name, rows: 0, step: 0)
            }
        }
        return checked
    }

    // MARK: Batches

    /// Part `part` (from 0) of `parts` of the rows of `step`, in order: the parts together are the step's rows.
    /// - Throws: `CorpusError.domainExhausted` when a domain has no rows left and the policy is to stop (or no domain
    ///   has), `.corrupt` when a row is damaged, `.invalidArgument` for a step or part that cannot be.
    public func rows(step: Int, part: Int = 0, of parts: Int = 1) throws(CorpusError) -> TokenBatch {
        let rows = try rowIDs(step: step, part: part, of: parts)
        return try corpus.batch(rows, from: .training, borders: borders)
    }

    /// Which rows `rows(step:part:of:)` gives.
    /// - Throws: as that one does.
    public func rowIDs(step: Int, part: Int = 0, of parts: Int = 1) throws(CorpusError) -> [RowID] {
        guard step >= 0, parts > 0, part >= 0, part < parts else {
            throw .invalidArgument(
                reason: "Part \(part) of \(parts) of step \(step)", remedy: "steps and parts count from 0")
        }
        let rows = try memory.withLock { memory throws(CorpusError) in try self.rowIDs(step: step, &memory) }
        return Array(rows[(part * batchRows / parts)..<((part + 1) * batchRows / parts)])
    }

    // MARK: Weights

    /// Puts `weights` in force from `step` on; changes at or after `step` are forgotten, cursors are kept.
    /// - Throws: `CorpusError.invalidArgument`, or `.domainExhausted` when the rows do not reach to `step`.
    public func reweight(_ weights: [Double], from step: Int) throws(CorpusError) {
        guard step >= 0 else {
            throw .invalidArgument(reason: "New weights from step \(step) on", remedy: "steps count from 0")
        }
        let weights = try Self.checked(weights, for: corpus, exhausted)
        try memory.withLock { memory throws(CorpusError) in
            var kept = memory
            kept.history.removeAll { $0.step >= step }
            if kept.history.isEmpty {
                kept.schedule = MixtureSchedule(
                    rowCounts: corpus.trainingRowCounts, weights: weights, policy: exhausted)
                kept.step = 0
                kept.lastRows = nil
            } else {
                try self.move(to: step, &kept)
                kept.schedule.change(to: weights)
            }
            kept.change = kept.history.count
            kept.history.append(MixtureChange(step: step, weights: weights, state: kept.schedule.state))
            kept.revision += 1
            memory = kept
        }
    }

    /// The weights in force at `step`, with sum 1.
    public func weights(at step: Int) -> [Double] {
        memory.withLock { memory in
            (memory.history.last { $0.step <= step } ?? memory.history[0]).weights.values
        }
    }

    /// A number that changes whenever later batches may: at every `reweight` and `restore`.
    var revision: Int { memory.withLock { $0.revision } }

    // MARK: Position

    /// The position after the last step that rows were asked of (before step 0 at the start). A prefetch asks ahead
    /// of the training loop: a checkpoint takes `position(at:)`.
    public var position: LoaderPosition {
        memory.withLock { memory in self.position(before: memory.step, memory) }
    }

    /// The position before `step`.
    /// - Throws: `CorpusError.domainExhausted` when the rows do not reach to it, `.invalidArgument` below 0.
    public func position(at step: Int) throws(CorpusError) -> LoaderPosition {
        guard step >= 0 else {
            throw .invalidArgument(reason: "The position before step \(step)", remedy: "steps count from 0")
        }
        return try memory.withLock { memory throws(CorpusError) in
            var moved = memory
            try self.move(to: step, &moved)
            return self.position(before: step, moved)
        }
    }

    /// The position before `step`, which `memory` stands before, though perhaps under the weights that end there.
    private func position(before step: Int, _ memory: Memory) -> LoaderPosition {
        let history = memory.history.filter { $0.step <= step }
        let state = memory.change < history.count - 1 ? history[history.count - 1].state : memory.schedule.state
        return LoaderPosition(
            corpus: corpus.fingerprint, seed: seed, batchRows: batchRows, exhausted: exhausted, step: step,
            state: state, history: history)
    }

    /// Takes up `position`: every later batch is what it would have been without the interruption.
    /// - Throws: `CorpusError.invalidArgument` when it belongs to another corpus, seed, batch size or policy.
    public func restore(_ position: LoaderPosition) throws(CorpusError) {
        let found = "corpus \(corpus.fingerprint), seed \(seed), \(batchRows) rows a step, \(exhausted.rawValue)"
        guard position.corpus == corpus.fingerprint, position.seed == seed, position.batchRows == batchRows,
            position.exhausted == exhausted
        else {
            throw .invalidArgument(
                reason:
                    "The position is of corpus \(position.corpus), seed \(position.seed), \(position.batchRows) rows "
                    + "a step, \(position.exhausted.rawValue); the loader is of \(found)",
                remedy: "resume with the data and the settings that the run began with")
        }
        let domains = corpus.domains.count
        let states = position.history.map(\.state) + [position.state]
        guard let last = position.history.last, position.history[0].step == 0, last.step <= position.step,
            zip(position.history, position.history.dropFirst()).allSatisfy({ $0.step < $1.step }),
            position.history.allSatisfy({ $0.weights.values.count == domains }),
            states.allSatisfy({ $0.isPlausible(domains: domains) })
        else {
            throw .invalidArgument(
                reason: "The position before step \(position.step) contradicts itself",
                remedy: "the checkpoint is damaged: resume from an older one")
        }
        memory.withLock { memory in
            memory.history = position.history
            memory.step = position.step
            memory.change = position.history.count - 1
            memory.schedule = self.schedule(last.weights, position.state)
            memory.lastRows = nil
            memory.revision += 1
        }
    }

    /// How often each domain has been read through, at `position`.
    public var epochs: [Int] {
        zip(position.state.cursors, corpus.trainingRowCounts).map { $1 == 0 ? 0 : $0 / $1 }
    }

    /// The rows that each domain has left in its epoch, at `position`.
    public var remainingRows: [Int] {
        zip(position.state.cursors, corpus.trainingRowCounts).map { $1 == 0 ? 0 : $1 - $0 % $1 }
    }

    /// The domains that `steps` steps from step 0 would read through in the worst case, with the rows they need and
    /// have: the weights may change at every step but never exceed `maximum` (nil: all rows may come of one domain).
    public func shortages(
        steps: Int, maximum: [Double]? = nil
    ) -> [(domain: String, rowsNeeded: Int, rows: Int)] {
        let limits = maximum ?? corpus.domains.map { _ in 1 }
        let needed = MixtureWeights.rowsNeeded(steps: steps, batchRows: batchRows, maximum: limits)
        return zip(corpus.domains, zip(needed, corpus.trainingRowCounts)).filter { $1.0 > $1.1 }
            .map { ($0, $1.0, $1.1) }
    }

    // MARK: Steps

    private func schedule(_ weights: MixtureWeights, _ state: MixtureState) -> MixtureSchedule {
        MixtureSchedule(rowCounts: corpus.trainingRowCounts, weights: weights, policy: exhausted, state: state)
    }

    private func rowIDs(step: Int, _ memory: inout Memory) throws(CorpusError) -> [RowID] {
        if let last = memory.lastRows, last.step == step { return last.rows }
        var moved = memory
        try move(to: step, &moved)
        let rows = try advance(&moved)
        memory = moved
        return rows
    }

    /// Brings the schedule to the start of `step`, from where it stands or from the last change before it.
    private func move(to step: Int, _ memory: inout Memory) throws(CorpusError) {
        let number = memory.history.lastIndex { $0.step <= step } ?? 0
        let change = memory.history[number]
        if memory.step > step || memory.change != number {
            memory.schedule = schedule(change.weights, change.state)
            memory.step = change.step
            memory.change = number
            memory.lastRows = nil
        }
        while memory.step < step { try pass(&memory) }
    }

    /// Passes over a step without looking up its rows.
    private func pass(_ memory: inout Memory) throws(CorpusError) {
        for _ in 0..<batchRows { _ = try pick(&memory) }
        memory.step += 1
        memory.lastRows = nil
    }

    /// The rows of the step that the schedule stands before.
    private func advance(_ memory: inout Memory) throws(CorpusError) -> [RowID] {
        var rows: [RowID] = []
        rows.reserveCapacity(batchRows)
        for _ in 0..<batchRows {
            let (domain, place) = try pick(&memory)
            let count = corpus.training(domain).count
            let (epoch, offset) = place.quotientAndRemainder(dividingBy: count)
            rows.append(RowID(domain: domain, row: order(of: domain, epoch: epoch, &memory)[offset]))
        }
        memory.lastRows = (memory.step, rows)
        memory.step += 1
        return rows
    }

    private func pick(_ memory: inout Memory) throws(CorpusError) -> (domain: Int, place: Int) {
        if let pick = memory.schedule.next() { return pick }
        guard let blocked = memory.schedule.blocked else {
            let weights = memory.schedule.weights.values
            let names = zip(corpus.domains, weights).filter { $1 > 0 }.map(\.0).joined(separator: ", ")
            let rows = zip(corpus.trainingRowCounts, weights).reduce(0) { $0 + ($1.1 > 0 ? $1.0 : 0) }
            throw .domainExhausted(domain: names, rows: rows, step: memory.step)
        }
        throw .domainExhausted(
            domain: corpus.domains[blocked], rows: corpus.training(blocked).count, step: memory.step)
    }

    private func order(of domain: Int, epoch: Int, _ memory: inout Memory) -> Permutation {
        if let known = memory.permutations[domain], known.epoch == epoch { return known.order }
        let stream = RandomStream(seed: seed, name: "mixture/\(corpus.domains[domain])/epoch-\(epoch)")
        let order = Permutation(count: corpus.training(domain).count, stream: stream)
        memory.permutations[domain] = (epoch, order)
        return order
    }
}

extension MixtureState {
    /// Whether the numbers can be those of a schedule over `domains` domains.
    func isPlausible(domains: Int) -> Bool {
        let unit = MixtureWeights.unit.magnitude
        // A sum of doubles is exact up to twice the unit, and larger ones are larger still.
        return [cursors.count, remainders.count, debts.count, leads.count].allSatisfy { $0 == domains }
            && cursors.allSatisfy { (0...1 << 60).contains($0) } && remainders.allSatisfy { $0.magnitude <= unit }
            && leads.reduce(0.0, { $0 + Double($1.magnitude) }) < Double(unit)
            && debts.allSatisfy { $0.magnitude <= 512 * unit }
    }
}
