import Corpus
import Evaluation
import Fixtures
import Foundation
import Testing
import Torch
import Transformer

@testable import Training

/// A run that several ranks share, against the same run alone.
@Suite(.serialized) struct RankedTrainingTests {
    /// What a rank saw of a run.
    struct Outcome: Sendable {
        var end: RunEnd
        var losses: [Double]
        var domainLosses: [[String: Double]]
        var weights: [[Float]]
        /// The rows this rank computed, by step.
        var rows: [[RowID]]
        var mixture: MixtureAdaptation?
        var evaluation: [Double]
        var tokens: Int
    }

    private static func settings(_ change: (inout TrainingSettings) -> Void = { _ in }) -> TrainingSettings {
        var settings = TrainingSettings(
            steps: 12, batchRows: 7, peakRate: 3e-3, schedule: LearningRate(warmupSteps: 2), evaluateEvery: 3,
            mixture: MixturePolicy(gap: .signed, floor: 0.05, cap: 0.8), microBatchRows: 2, checkpointEvery: 4)
        change(&settings)
        return settings
    }

    private func run(_ change: (inout TrainingSettings) -> Void = { _ in }) throws -> TinyRun {
        var run = try TinyRun(separateDocuments: true)
        run.settings = Self.settings(change)
        return run
    }

    private static func outcome(
        _ run: TinyRun, in name: String, until step: Int? = nil, _ group: ProcessGroup? = nil
    ) throws -> Outcome {
        let trainer = try run.trainer(in: name, group: group) { Recorded(NextTokenObjective($0)) }
        var losses: [Double] = []
        var domains: [[String: Double]] = []
        let end = try trainer.run(until: step) { (metrics) throws(TrainingError) in
            losses.append(metrics.loss)
            domains.append(metrics.domainLosses)
        }
        return Outcome(
            end: end, losses: losses, domainLosses: domains,
            weights: try trainer.model.parameters.map { try $0.master.floats() }, rows: trainer.objective.rows,
            mixture: trainer.mixture, evaluation: trainer.evaluation?.compactMap(\.lossNats) ?? [],
            tokens: trainer.tokens)
    }

    /// `||difference|| / ||weights||` of each tensor, the largest of them.
    private func distance(_ one: [[Float]], _ other: [[Float]]) -> Double {
        func norm(_ values: some Sequence<Double>) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        return zip(one, other).map { pair in
            norm(zip(pair.0, pair.1).map { Double($0) - Double($1) }) / norm(pair.1.map(Double.init))
        }.max() ?? .infinity
    }

    private func expectSame(_ found: [Outcome], as alone: Outcome, from step: Int = 0, _ what: Comment) throws {
        for outcome in found {
            #expect(distance(outcome.weights, alone.weights) <= 1e-5, what)
            #expect(outcome.weights == found[0].weights, "ranks have drifted apart: \(what)")
            expectClose(
                outcome.losses, Array(alone.losses[step...]), Tolerance(absolute: 1e-5, relative: 0), what)
            expectClose(outcome.evaluation, alone.evaluation, Tolerance(absolute: 1e-5, relative: 0), what)
            expectClose(
                outcome.mixture?.weights ?? [], alone.mixture?.weights ?? [], Tolerance(absolute: 1e-5, relative: 0),
                what)
            for (one, other) in zip(outcome.domainLosses, alone.domainLosses[step...]) {
                #expect(one.keys.sorted() == other.keys.sorted(), what)
            }
            #expect(outcome.tokens == alone.tokens, what)
        }
        for (number, rows) in alone.rows[step...].enumerated() where number < found[0].losses.count {
            #expect(found.flatMap { $0.rows[number] } == rows, "rows of step \(step + number + 1): \(what)")
        }
    }

    @Test func anyNumberOfRanksTakesTheSameSteps() throws {
        let run = try run()
        let alone = try Self.outcome(run, in: "alone")
        #expect(alone.losses.count == 12 && alone.mixture?.updates == 4 && alone.evaluation.count == 3)
        for count in [2, 4] {
            let shared = try inAllRanks(count) { try Self.outcome(run, in: "ranks-\(count)", $0) }
            try expectSame(shared, as: alone, "\(count) ranks")
        }
    }

    @Test func ranksWithoutRowsTakePart() throws {
        let run = try run {
            $0.batchRows = 3
            $0.steps = 4
            $0.microBatchRows = nil
        }
        let alone = try Self.outcome(run, in: "alone")
        let shared = try inAllRanks(4) { try Self.outcome(run, in: "ranks", $0) }
        try expectSame(shared, as: alone, "4 ranks, 3 rows")
    }

    @Test func aRunGoesOnWithAnotherNumberOfRanks() throws {
        let run = try run()
        let alone = try Self.outcome(run, in: "alone")
        var pieces: [Outcome] = []
        for (count, last) in [(4, 5), (2, 8), (3, 12)] {
            let shared = try inAllRanks(count) { try Self.outcome(run, in: "pieces", until: last, $0) }
            let done = pieces.reduce(0) { $0 + $1.losses.count }
            expectClose(
                shared[0].losses, Array(alone.losses[done..<last]), Tolerance(absolute: 1e-5, relative: 0),
                "\(count) ranks to step \(last)")
            for number in 0..<last - done {
                #expect(shared.flatMap { $0.rows[number] } == alone.rows[done + number])
            }
            pieces.append(shared[0])
        }
        #expect(distance(pieces[2].weights, alone.weights) <= 1e-5)
        // And alone again: the last checkpoint is of the last step.
        let resumed = try run.trainer(in: "pieces")
        #expect(resumed.step == 12)
        // Each step stands once in the log, and only one rank wrote it.
        let text = try String(contentsOfFile: run.folder.path("pieces/metrics.jsonl"), encoding: .utf8)
        #expect(text.split(separator: "\n").count == 12)
    }

    @Test(arguments: Sharding.allCases) func sharedOutStatesTakeTheSameStepsAndGoOnAnywhere(_ sharing: Sharding) throws
    {
        let run = try run { $0.sharding = sharing }
        let alone = try Self.outcome(run, in: "alone")
        for count in [2, 3] {
            let shared = try inAllRanks(count) { try Self.outcome(run, in: "ranks-\(count)", $0) }
            try expectSame(shared, as: alone, "\(count) ranks that share out states")
        }
        // Each rank holds its part of the moments alone.
        let held = try inAllRanks(3) { group in
            let trainer = try run.trainer(in: "held", group: group) { NextTokenObjective($0) }
            return [trainer.optimizers.flatMap(\.first), trainer.optimizers.flatMap(\.second)].map { moments in
                moments.reduce(0) { $0 + $1.elementCount }
            }
        }
        let all = try run.model().parameters.reduce(0) { $0 + $1.elementCount }
        #expect(held.reduce(0) { $0 + $1[0] } == all && held.allSatisfy { $0[0] == $0[1] && $0[0] <= all / 3 + 1 })
        // Their checkpoints are the one form that any number of ranks goes on from, sharing out or not.
        var plain = run
        plain.settings.sharding = nil
        let other = plain
        _ = try inAllRanks(3) { try Self.outcome(run, in: "pieces", until: 5, $0) }
        _ = try inAllRanks(2) { try Self.outcome(other, in: "pieces", until: 7, $0) }
        _ = try inAllRanks(2) { try Self.outcome(run, in: "pieces", until: 10, $0) }
        let last = try Self.outcome(run, in: "pieces")
        #expect(last.losses.count == 2 && distance(last.weights, alone.weights) <= 1e-5)
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func fixedPartsGiveTheSameBitsOnAnyNumberOfRanks(_ dtype: DType) throws {
        var run = try self.run {
            $0.fixedParts = 4
            $0.microBatchRows = 1
        }
        run.computeDType = dtype
        let fixed = run
        let alone = try Self.outcome(fixed, in: "alone")
        func expectSameBits(_ found: [Outcome], from step: Int = 0, _ what: Comment) {
            for outcome in found {
                #expect(outcome.weights == alone.weights, what)
                #expect(outcome.losses == Array(alone.losses[step...]), what)
                #expect(outcome.evaluation == alone.evaluation && outcome.mixture == alone.mixture, what)
            }
        }
        let trials: [(Int, Sharding?)] = [(2, nil), (3, .optimizer), (4, nil), (5, nil)]
        for (count, sharing) in trials {
            run.settings.sharding = sharing
            let same = run
            let shared = try inAllRanks(count) { try Self.outcome(same, in: "ranks-\(count)", $0) }
            expectSameBits(shared, "\(count) ranks")
            // Ranks take whole parts: two rows each but the first, and a fifth rank has none.
            let rows = shared.map { $0.rows[0].count }
            #expect(rows.reduce(0, +) == 7 && (count < 5 || rows.contains(0)), "\(rows)")
        }
        // Also from one part of a run to the next.
        for (count, last) in [(4, 5), (2, 8)] {
            _ = try inAllRanks(count) { try Self.outcome(fixed, in: "pieces", until: last, $0) }
        }
        expectSameBits(try inAllRanks(3) { try Self.outcome(fixed, in: "pieces", $0) }, from: 8, "4, 2, 3 ranks")
        // The norm of gradients that are shared out is a sum of other parts.
        run.settings.sharding = .gradients
        let scattered = run
        let shared = try inAllRanks(3) { try Self.outcome(scattered, in: "scattered", $0) }
        #expect(shared[0].weights == shared[2].weights)
        #expect(distance(shared[0].weights, alone.weights) <= (dtype == .float32 ? 1e-5 : 1e-2))
    }

    @Test func theLogListsEachRowOfAStepOnce() throws {
        let run = try run {
            $0.listsRows = true
            $0.steps = 5
        }
        struct Line: Decodable {
            var rows: [String: [Int]]
        }
        func rows(_ name: String) throws -> [[String: [Int]]] {
            try String(contentsOfFile: run.folder.path("\(name)/metrics.jsonl"), encoding: .utf8)
                .split(separator: "\n").map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)).rows }
        }
        let alone = try Self.outcome(run, in: "alone")
        _ = try inAllRanks(3) { try Self.outcome(run, in: "ranks", $0) }
        let listed = try rows("ranks")
        #expect(try listed == rows("alone"))
        for (step, ids) in alone.rows.enumerated() {
            let domains = Dictionary(grouping: ids) { run.corpus.domains[$0.domain] }
            #expect(listed[step] == domains.mapValues { $0.map(\.row) })
        }
    }

    @Test func ranksComputeInNarrowTypesToo() throws {
        var run = try run()
        run.computeDType = .bfloat16
        let alone = try Self.outcome(run, in: "alone")
        for sharing in [nil, Sharding.optimizer, .gradients] {
            run.settings.sharding = sharing
            let fixed = run
            let shared = try inAllRanks(2) { try Self.outcome(fixed, in: "ranks-\(sharing?.rawValue ?? "")", $0) }
            #expect(shared[0].weights == shared[1].weights)
            expectClose(shared[0].losses, alone.losses, Tolerance(absolute: 0.02, relative: 0))
        }
    }

    @Test func aWishToStopOfOneRankStopsAllAfterACheckpoint() throws {
        let run = try run { $0.checkpointEvery = nil }
        let ends = try inAllRanks(3) { group in
            let stop = StopFlag()
            let trainer = try run.trainer(in: "run", group: group, stop: stop) { NextTokenObjective($0) }
            let end = try trainer.run { (metrics) throws(TrainingError) in
                if metrics.step == 5, group.rank == 2 { stop.raise() }
            }
            return "\(end) \(trainer.step)"
        }
        #expect(Set(ends) == ["stopped(signal: nil) 5"])
        #expect(try run.trainer(in: "run").step == 5)
    }

    @Test func aRankThatFailsIsNamedByTheOthers() throws {
        let run = try run()
        let results = try inRanks(3, limits: GroupLimits(waitSeconds: 60, silenceSeconds: 3)) { group in
            let trainer = try run.trainer(in: "run", group: group) { Recorded(NextTokenObjective($0)) }
            try trainer.run { (metrics) throws(TrainingError) in
                if metrics.step == 3, group.rank == 1 {
                    throw .setting(name: "disk", found: "full", expected: "some room")
                }
            }
        }
        for (rank, result) in results.enumerated() {
            #expect { try result.get() } throws: { error in
                "\(error)".contains(rank == 1 ? "disk is full" : "rank 1 has left the group: disk is full")
            }
        }
    }

    @Test func aLossThatIsNotFiniteStopsAllRanksWithTheRowsToBlame() throws {
        let run = try run { $0.batchRows = 4 }
        let results = try inRanks(2) { group in
            let trainer = try run.trainer(in: "run", group: group) { Recorded(NextTokenObjective($0), brokenStep: 2) }
            try trainer.run()
        }
        for result in results {
            #expect { try result.get() } throws: { error in
                guard case .notFinite(let fault) = error as? TrainingError else { return false }
                // Both ranks' rows are broken, and each names those of both.
                return fault.step == 3 && fault.quantity == "loss" && fault.rows.count == 4
            }
        }
    }
}

/// Keeps the rows that went through another objective.
struct Recorded<Inner: Objective>: Objective {
    var inner: Inner
    var brokenStep: Int?
    /// By step.
    var rows: [[RowID]] = []

    init(_ inner: Inner, brokenStep: Int? = nil) {
        self.inner = inner
        self.brokenStep = brokenStep
    }

    var parameterGroups: [ParameterGroup] { inner.parameterGroups }
    var state: Inner.State { inner.state }
    var stateTensors: [(name: String, tensor: Tensor)] { inner.stateTensors }
    mutating func restore(_ state: Inner.State, tensors: [String: Tensor]) throws(TrainingError) {
        try inner.restore(state, tensors: tensors)
    }
    mutating func willStep(_ step: Int, _ model: LanguageModel) throws(TrainingError) {
        rows.append([])
        try inner.willStep(step, model)
    }
    func didBackward() throws(TorchError) { try inner.didBackward() }
    mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss {
        rows[rows.count - 1] += batch.rowIDs
        var loss = try inner.loss(model, batch, step: step, tape: tape)
        if step == brokenStep {
            do throws(TorchError) { loss.rowSums_B = try loss.rowSums_B * Double.nan } catch { throw .torch(error) }
        }
        return loss
    }
    mutating func didStep(_ metrics: StepMetrics) throws(TrainingError) { try inner.didStep(metrics) }
}
