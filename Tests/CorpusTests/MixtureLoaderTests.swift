import Fixtures
import Foundation
import Testing

@testable import Corpus

@Suite struct MixtureLoaderTests {
    private let folder: TemporaryDirectory
    private let corpus: PackedCorpus
    private let weights = [0.4, 0.25, 0.3, 0.05]

    init() throws { (folder, corpus) = try SampleCorpus.small.get() }

    private func loader(
        seed: UInt64 = 17, batchRows: Int = 8, _ policy: ExhaustionPolicy = .repeat, weights: [Double]? = nil
    ) throws -> MixtureLoader {
        try MixtureLoader(
            corpus: corpus, weights: weights ?? self.weights, batchRows: batchRows, seed: seed, exhausted: policy)
    }

    /// Computed once with Python's integers from the definitions, before and after a change of weights; rows of a seed
    /// must never change, or old runs would not resume.
    @Test func rowsAreTheRecordedOnes() throws {
        let loader = try loader()
        let first = try loader.rowIDs(step: 0)
        #expect(first.map(\.domain) == [0, 2, 0, 1, 2, 0, 1, 0])
        #expect(first.map(\.row) == [2, 0, 37, 5, 19, 15, 3, 38])
        try loader.reweight([1, 2, 3, 4], from: 5)
        let changed = try loader.rowIDs(step: 5)
        #expect(changed.map(\.domain) == [3, 2, 3, 1, 2, 3, 0, 3])
        #expect(changed.map(\.row) == [1, 12, 3, 0, 10, 0, 25, 4])
        let later = try loader.rowIDs(step: 9)
        #expect(later.map(\.domain) == [3, 1, 2, 3, 0, 3, 1, 2])
        #expect(later.map(\.row) == [4, 9, 5, 2, 33, 0, 7, 18])
    }

    @Test(arguments: 0..<10) func anySplitIntoPartsGivesTheSameRows(seed: UInt64) throws {
        let loader = try loader(seed: seed, batchRows: 12)
        for step in [0, 1, 7] {
            let whole = try loader.rows(step: step)
            for parts in [1, 2, 3, 4, 5, 6, 12, 13] {
                let split = try (0..<parts).map { try loader.rows(step: step, part: $0, of: parts) }
                #expect(split.flatMap(\.rowIDs) == whole.rowIDs)
                #expect(split.flatMap(\.tokens) == whole.tokens)
                #expect(split.flatMap(\.targets) == whole.targets)
            }
        }
    }

    @Test(arguments: 0..<10) func everyRowComesOnceInAnEpoch(seed: UInt64) throws {
        let loader = try loader(seed: seed)
        var seen: [[Int]] = [[], [], [], []]
        for step in 0..<60 {
            for row in try loader.rowIDs(step: step) { seen[row.domain].append(row.row) }
        }
        for (domain, rows) in seen.enumerated() {
            let count = corpus.training(domain).count
            var epochs: [[Int]] = []
            for start in stride(from: 0, to: rows.count, by: count) {
                epochs.append(Array(rows[start..<min(start + count, rows.count)]))
            }
            for epoch in epochs.dropLast() { #expect(epoch.sorted() == Array(0..<count)) }
            #expect(Set(epochs.last ?? []).count == epochs.last?.count)
            if epochs.count > 2 { #expect(epochs[0] != epochs[1]) }
            #expect(loader.epochs[domain] == rows.count / count)
            #expect(loader.remainingRows[domain] == count - rows.count % count)
        }
        #expect(seen[0] != (try self.loader(seed: seed + 100).rowIDs(step: 0, part: 0, of: 1)).map(\.row))
    }

    /// Weights that change at some steps, as the training loop would set them.
    private func changes(_ seed: Int) -> [Int: [Double]] {
        var random = RandomStream(seed: UInt64(seed), name: "changes")
        var changes: [Int: [Double]] = [:]
        for step in 1..<40 where random.integer(below: 6) == 0 {
            changes[step] = random.integer(below: 4) == 0 ? weights : (0..<4).map { _ in random.uniform() + 0.001 }
        }
        return changes
    }

    private func run(
        _ loader: MixtureLoader, _ steps: Range<Int>, _ changes: [Int: [Double]]
    ) throws -> [[RowID]] {
        try steps.map { step in
            if let weights = changes[step] { try loader.reweight(weights, from: step) }
            return try loader.rowIDs(step: step)
        }
    }

    @Test(arguments: 0..<40) func aRestoredRunEqualsTheUninterruptedOne(seed: Int) throws {
        let changes = changes(seed)
        let expected = try run(try loader(), 0..<40, changes)
        var random = RandomStream(seed: UInt64(seed), name: "interruption")
        let cut = Int(random.integer(below: 40))
        let first = try loader()
        _ = try run(first, 0..<cut, changes)
        let written = try JSONEncoder().encode(first.position)
        let second = try loader(weights: [1, 1, 1, 1])
        try second.restore(try JSONDecoder().decode(LoaderPosition.self, from: written))
        #expect(second.position == first.position)
        #expect(try run(second, cut..<40, changes) == Array(expected[cut...]))
        #expect(written.count < 1000 * (changes.count + 2))
    }

    @Test(arguments: 0..<40) func stepsMayBeAskedForInAnyOrder(seed: Int) throws {
        let changes = changes(seed)
        let loader = try loader()
        let expected = try run(loader, 0..<40, changes)
        var random = RandomStream(seed: UInt64(seed), name: "order")
        for _ in 0..<60 {
            let step = Int(random.integer(below: 40))
            #expect(try loader.rowIDs(step: step) == expected[step])
        }
        // A position of the past goes on like the past, whatever was asked for meanwhile.
        let step = Int(random.integer(below: 40))
        let other = try self.loader()
        try other.restore(try loader.position(at: step))
        for (later, weights) in changes.filter({ $0.key > step }).sorted(by: { $0.key < $1.key }) {
            try other.reweight(weights, from: later)
        }
        for later in step..<40 { #expect(try other.rowIDs(step: later) == expected[later]) }
        // Back to a step before the last change, and forward again.
        for earlier in 0..<40 { #expect(try other.rowIDs(step: earlier) == expected[earlier]) }
    }

    @Test(arguments: 0..<20) func aChangeOfWeightsKeepsEachDomainsPlace(seed: Int) throws {
        let loader = try loader()
        var seen: [[Int]] = [[], [], [], []]
        let changes = changes(seed)
        for step in 0..<40 {
            if let weights = changes[step] { try loader.reweight(weights, from: step) }
            for row in try loader.rowIDs(step: step) { seen[row.domain].append(row.row) }
        }
        for (domain, rows) in seen.enumerated() {
            let stream = RandomStream(seed: 17, name: "mixture/\(corpus.domains[domain])/epoch-0")
            let order = Permutation(count: corpus.training(domain).count, stream: stream)
            let first = min(rows.count, order.count)
            #expect(Array(rows[..<first]) == (0..<first).map { order[$0] })
        }
    }

    @Test func reweightingForgetsLaterWeights() throws {
        let loader = try loader()
        try loader.reweight([1, 0, 0, 0], from: 5)
        try loader.reweight([0, 1, 0, 0], from: 9)
        #expect(loader.weights(at: 4) == (try MixtureWeights(weights)).values)
        #expect(loader.weights(at: 8) == [1, 0, 0, 0])
        #expect(try Set(loader.rowIDs(step: 9).map(\.domain)) == [1])
        try loader.reweight([0, 0, 1, 0], from: 3)
        #expect(try Set(loader.rowIDs(step: 9).map(\.domain)) == [2])
        #expect(loader.position.history.map(\.step) == [0, 3])
        try loader.reweight([0, 0, 0, 1], from: 0)
        #expect(try Set(loader.rowIDs(step: 0).map(\.domain)) == [3])
    }

    @Test func anExhaustedDomainIsNamedWithItsStep() throws {
        let loader = try loader(.stop, weights: [0, 1, 0, 0])
        _ = try loader.rowIDs(step: 0)
        let expected = CorpusError.domainExhausted(domain: "code", rows: 11, step: 1)
        #expect(throws: expected) { try loader.rowIDs(step: 1) }
        #expect(throws: expected) { try loader.rowIDs(step: 1) }
        #expect(throws: expected) { try loader.rowIDs(step: 30) }
        #expect(try loader.rowIDs(step: 0).count == 8)
        #expect(expected.description.contains("11 rows"))
    }

    @Test func renormalisingUsesEveryRowOnce() throws {
        let loader = try loader(batchRows: 1, .renormalise)
        let rows = try (0..<83).map { try loader.rowIDs(step: $0)[0] }
        #expect(Set(rows).count == 83)
        #expect(throws: CorpusError.self) { try loader.rowIDs(step: 83) }
        let again = try self.loader(batchRows: 1, .renormalise)
        #expect(try again.rowIDs(step: 82)[0] == rows[82])
        #expect(loader.position == again.position)
    }

    @Test func shortagesAreKnownBeforehand() throws {
        let loader = try loader()
        #expect(loader.shortages(steps: 3).map(\.domain) == ["code", "answers"])
        #expect(loader.shortages(steps: 1).map(\.rowsNeeded) == [8])
        #expect(loader.shortages(steps: 3, maximum: [1, 0.3, 1, 0.2]).isEmpty)
    }

    @Test func aPositionOfAnotherRunIsRefused() throws {
        let position = try loader().position
        for other in [try loader(seed: 18), try loader(batchRows: 9), try loader(.stop)] {
            #expect(throws: CorpusError.self) { try other.restore(position) }
        }
        let (_, corpus) = try SampleCorpus.packed(rows: [40, 11, 25, 8])
        let other = try MixtureLoader(corpus: corpus, weights: weights, batchRows: 8, seed: 17, exhausted: .repeat)
        #expect(throws: CorpusError.self) { try other.restore(position) }
    }

    /// A position comes from a file: whatever its numbers, it is refused or gives rows.
    @Test(arguments: ["cursors", "remainders", "debts", "leads"], [Int64.min, .max, -1, 1 << 61, 1 << 52])
    func aPositionOfAbsurdNumbersBringsNothingDown(list: String, value: Int64) throws {
        for policy in [ExhaustionPolicy.repeat, .renormalise] {
            let loader = try loader(policy)
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            var text = String(decoding: try encoder.encode(loader.position), as: UTF8.self)
            text = text.replacingOccurrences(
                of: "\"\(list)\":[0,0,0,0]", with: "\"\(list)\":[\(value),0,\(value),0]")
            let position = try JSONDecoder().decode(LoaderPosition.self, from: Data(text.utf8))
            #expect(position != loader.position)
            do throws(CorpusError) {
                try loader.restore(position)
                for step in 0..<20 { _ = try loader.rows(step: step) }
                try loader.reweight([1, 2, 3, 4], from: 20)
                for step in 20..<40 { _ = try loader.rows(step: step) }
            } catch { #expect(!error.description.isEmpty) }
        }
    }

    @Test func requestsThatCannotBeAreRefused() throws {
        let loader = try loader()
        for (step, part, parts) in [(-1, 0, 1), (0, 1, 1), (0, -1, 1), (0, 0, 0)] {
            #expect(throws: CorpusError.self) { try loader.rows(step: step, part: part, of: parts) }
        }
        #expect(throws: CorpusError.self) { try loader.reweight([1, 1], from: 1) }
        #expect(throws: CorpusError.self) { try loader.reweight([1, 1, .nan, 1], from: 1) }
        #expect(throws: CorpusError.self) { try self.loader(batchRows: 0) }
        #expect(throws: CorpusError.self) { try loader.position(at: -1) }
    }

    @Test func targetsAreTheNextTokens() throws {
        let batch = try loader().rows(step: 2)
        #expect(batch.rows == 8)
        #expect(batch.columns == 4)
        #expect(batch.countedTokens == 24)
        #expect(batch.domains == batch.rowIDs.map(\.domain))
        for row in 0..<8 {
            let id = batch.rowIDs[row]
            let tokens = try corpus.training(id.domain).sequence(id.row)
            #expect(Array(batch.tokens[(row * 4)..<(row * 4 + 4)]) == tokens)
            #expect(Array(batch.targets[(row * 4)..<(row * 4 + 4)]) == Array(tokens[1...]) + [-1])
        }
    }
}
