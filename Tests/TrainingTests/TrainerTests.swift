import Corpus
import Evaluation
import Fixtures
import Testing
import Torch
import Transformer

@testable import Training

@Suite struct TrainerTests {
    @Test func trainingLearnsTheEasyDomainBest() throws {
        var run = try TinyRun()
        run.settings.steps = 150
        run.settings.peakRate = 1e-2
        run.settings.mixture = nil
        run.settings.evaluateFirst = true
        let trainer = try run.trainer(in: "run")
        var losses: [Double] = []
        try trainer.run { (metrics) throws(TrainingError) in losses.append(metrics.loss) }
        #expect(losses.count == 150)
        #expect(losses[0] > 4 && losses.suffix(10).reduce(0, +) / 10 < losses[0] - 1)
        let scores = try #require(trainer.evaluation)
        let code = try #require(scores[1].lossNats)
        let book = try #require(scores[2].lossNats)
        #expect(scores.map(\.domain) == TinyCorpus.domains && code < book - 0.5)
    }

    /// Recorded by this test itself; a change of the arithmetic of training shows here first.
    @Test func theLossesOfTwelveStepsAreTheRecordedOnes() throws {
        let recorded = [
            4.147335, 4.140576, 4.091932, 4.064363, 4.010117, 3.954660, 3.937178, 3.872723, 3.859264, 3.850828,
            3.854189,
            3.770840,
        ]
        let trainer = try TinyRun().trainer(in: "run")
        var losses: [Double] = []
        try trainer.run { (metrics) throws(TrainingError) in losses.append(metrics.loss) }
        #expect(losses.count == recorded.count)
        for (found, loss) in zip(losses, recorded) { #expect(abs(found - loss) < 1e-5, "\(losses)") }
    }

    /// Rows count equally by tokens, whatever the micro-batch they are in; documents apart make the counts differ.
    @Test(arguments: [1, 2, 4, 5])
    func microBatchesDoNotChangeTheResult(rows: Int) throws {
        var run = try TinyRun(separateDocuments: true)
        run.settings.steps = 4
        let whole = try run.trainer(in: "whole")
        try whole.run()
        run.settings.microBatchRows = rows
        let split = try run.trainer(in: "split")
        try split.run()
        #expect(try distance(whole.model, split.model) < 2e-5)
        run.settings.recomputesBlocks = true
        let recomputed = try run.trainer(in: "recomputed")
        try recomputed.run()
        #expect(try distance(whole.model, recomputed.model) < 2e-5)
    }

    /// In bfloat16 the gradients of micro-batches are summed in float32: the weights stay near the unsplit run's.
    @Test func narrowGradientsAreSummedInFloat32() throws {
        var run = try TinyRun()
        run.computeDType = .bfloat16
        run.settings.steps = 4
        let whole = try run.trainer(in: "whole")
        try whole.run()
        run.settings.microBatchRows = 1
        let split = try run.trainer(in: "split")
        try split.run()
        #expect(try distance(whole.model, split.model) < 3e-3)
    }

    @Test(arguments: [DType.float32, .bfloat16])
    func aStepLeavesNoTensorBehind(dtype: DType) throws {
        var run = try TinyRun()
        run.computeDType = dtype
        run.settings.microBatchRows = 2
        let trainer = try run.trainer(in: "run")
        try trainer.run(until: 4)
        _ = try expectNoNewTensors { try trainer.run(until: 10) }
    }

    @Test func theMixtureFollowsTheLossesAndTheRowsFollowTheMixture() throws {
        let run = try TinyRun()
        let trainer = try run.trainer(in: "run")
        var mixtures: [[String: Double]] = []
        try trainer.run { (metrics) throws(TrainingError) in mixtures.append(metrics.mixture) }
        let mixture = try #require(trainer.mixture)
        #expect(mixture.updates == 4)
        #expect(mixtures[0] == mixtures[2] && mixtures[2] != mixtures[3] && mixtures[3] == mixtures[5])
        #expect(abs(trainer.weightsByDomain.values.reduce(0, +) - 1) < 1e-12)
        #expect(abs((trainer.weightsByDomain["wiki"] ?? 0) - mixture.weights[0]) < 1e-12)
    }

    /// What a later stage carries on: the weights after the last evaluation, also where the run is resumed at its end.
    @Test func theLastEvaluationIsInTheMixtureThatIsLeft() throws {
        var run = try TinyRun()
        run.settings.mixture = MixturePolicy(gap: .signed, eta: 0.1, floor: 0.05, cap: 0.8)  // far from floor and cap
        let trainer = try run.trainer(in: "run")
        var mixtures: [[String: Double]] = []
        try trainer.run { (metrics) throws(TrainingError) in mixtures.append(metrics.mixture) }
        let mixture = try #require(trainer.mixture)
        let before = try TinyCorpus.domains.map { try #require(mixtures.last?[$0]) }
        let expected = MixtureAdaptation.updated(
            before, losses: try #require(trainer.evaluation).map(\.lossNats), reference: mixture.reference,
            prior: mixture.prior, policy: mixture.policy)
        #expect(zip(before, expected).contains { abs($0 - $1) > 1e-4 })
        for (domain, weight) in zip(TinyCorpus.domains, expected) {
            #expect(abs((trainer.weightsByDomain[domain] ?? 0) - weight) < 1e-9)
        }
        let resumed = try run.trainer(in: "run")
        #expect(try resumed.run() == .reached)
        #expect(resumed.mixture == mixture && resumed.weightsByDomain == trainer.weightsByDomain)
    }

    @Test func anAbsentDomainIsReportedAbsentAndKeepsItsWeight() throws {
        let run = try TinyRun(validationRows: [6, 0, 6])
        let trainer = try run.trainer(in: "run")
        try trainer.run()
        #expect(trainer.evaluation?[1].lossNats == nil && trainer.evaluation?[1].rows == 0)
        #expect(abs((trainer.weightsByDomain["code"] ?? 0) - 0.2) < 1e-9)
    }

    @Test func aLossThatIsNoNumberNamesItsRowsAndTouchesNoWeight() throws {
        let run = try TinyRun()
        let trainer = try run.trainer(in: "run") { PoisonedObjective($0, domain: 1, from: 2) }
        try trainer.run(until: 2)
        let before = try bits(trainer.model)
        do throws(TrainingError) {
            try trainer.run()
            Issue.record("a NaN loss went through")
        } catch {
            guard case .notFinite(let step) = error else { throw error }
            #expect(step.step == 3 && step.quantity == "loss" && step.domains == ["code"])
            #expect(step.rows.allSatisfy { $0.contains("of code, code.jsonl line") } && !step.rows.isEmpty)
            #expect("\(error)".contains("no weight was changed"))
        }
        #expect(try bits(trainer.model) == before)
        #expect(trainer.model.parameters.allSatisfy { $0.gradient == nil })
    }

    @Test func rowsThatRunOutLeaveACheckpointOfWhatWasReached() throws {
        var run = try TinyRun()
        run.settings.steps = 60
        run.settings.mixture = nil
        run.settings.checkpointEvery = nil
        let model = try run.model()
        let loader = try MixtureLoader(
            corpus: run.corpus, weights: [0.5, 0.2, 0.3], batchRows: run.settings.batchRows, seed: 11, exhausted: .stop)
        let trainer = try Trainer(
            model: model, objective: NextTokenObjective(model), loader: loader, validation: nil, settings: run.settings,
            folder: run.folder.path("run"), stage: "tiny", stop: run.stop
        ) { _ in }
        // 40 rows of wiki, three in each step.
        #expect { try trainer.run() } throws: { "\($0)".contains("wiki") }
        #expect(try trainer.store.steps() == [13])
    }

    /// The mixture keeps within what is left, so that the same rows suffice when it may adapt to them.
    @Test func aPoolAwareMixtureDoesNotRunOut() throws {
        var run = try TinyRun()
        run.settings.steps = 19
        run.settings.mixture = MixturePolicy(gap: .signed, eta: 4)
        run.settings.evaluateEvery = 1
        run.settings.evaluateFirst = true
        let model = try run.model()
        let loader = try MixtureLoader(
            corpus: run.corpus, weights: [0.5, 0.2, 0.3], batchRows: run.settings.batchRows, seed: 11, exhausted: .stop)
        var warnings: [String] = []
        let trainer = try Trainer(
            model: model, objective: NextTokenObjective(model), loader: loader,
            validation: DomainLoss(corpus: run.corpus), reference: ["wiki": 0, "code": 0, "book": 4, "books": 1],
            settings: run.settings, folder: run.folder.path("run"), stage: "tiny", stop: run.stop
        ) { warnings.append($0) }
        #expect(try trainer.run() == .reached)
        #expect(warnings.count == 1 && warnings[0].contains("books"))
    }

    @Test func outOfMemoryNamesTheMicroBatchAndTheWayOut() throws {
        var run = try TinyRun()
        run.settings.microBatchRows = 2
        let trainer = try run.trainer(in: "run") { GreedyObjective($0) }
        #expect { try trainer.run() } throws: {
            "\($0)".contains("2 x 16 tokens") && "\($0)".contains("micro_batch to 1")
        }
    }

    /// Two multipliers under one loss: the one that ascends goes up its gradient, the other down, at rates of their own,
    /// and neither feels the other's clipping.
    @Test func groupsAscendDescendAndAreClippedApart() throws {
        var run = try TinyRun()
        run.settings.steps = 3
        run.settings.mixture = nil
        let trainer = try run.trainer(in: "run") { try PulledObjective($0) }
        var norms: [[String: Double]] = []
        var rates: [[String: Double]] = []
        try trainer.run { (metrics) throws(TrainingError) in
            norms.append(metrics.gradientNorms)
            rates.append(metrics.rates)
        }
        #expect(norms.allSatisfy { $0["up"] == 100 && $0["down"] == 1 })
        #expect(rates.map { $0["up"] ?? 0 } == [0.5, 0.5, 0.5])
        let up = try trainer.objective.up.master.floats()[0]
        let down = try trainer.objective.down.master.floats()[0]
        // Adam's step under a constant gradient is the rate, clipped or not.
        #expect(abs(up - 1.5) < 1e-4)
        #expect(abs(Double(down) + rates.reduce(0) { $0 + ($1["down"] ?? 0) }) < 1e-5)
        let resumed = try run.trainer(in: "run") { try PulledObjective($0) }
        #expect(try resumed.objective.up.master.floats() == [up] && resumed.objective.state == 3)
        #expect(try resumed.objective.trace.floats() == [3])
    }

    @Test func aFinishedObjectiveEndsTheRun() throws {
        var run = try TinyRun()
        run.settings.mixture = nil
        let trainer = try run.trainer(in: "run") { try PulledObjective($0, lastStep: 2) }
        #expect(try trainer.run() == .finished)
        #expect(trainer.step == 2 && trainer.evaluation != nil)
        #expect(try run.trainer(in: "run") { try PulledObjective($0, lastStep: 2) }.run() == .finished)
    }

    @Test func settingsThatCannotBeMeantAreNamed() throws {
        var run = try TinyRun()
        run.settings.peakRate = -1
        #expect { try run.trainer(in: "run") } throws: { "\($0)" == "peak rate is -1.0, expected a positive number." }
        run.settings.peakRate = 1e-3
        run.settings.mixture?.cap = 0.2
        #expect { try run.trainer(in: "run") } throws: { "\($0)".contains("mixture cap is 0.2") }
    }
}

/// Next-token prediction whose loss is NaN on the rows of one domain from a step on.
struct PoisonedObjective: Objective {
    var inner: NextTokenObjective
    let domain: Int
    let first: Int

    init(_ model: LanguageModel, domain: Int, from first: Int) {
        inner = NextTokenObjective(model)
        self.domain = domain
        self.first = first
    }

    var parameterGroups: [ParameterGroup] { inner.parameterGroups }

    mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss {
        var loss = try inner.loss(model, batch, step: step, tape: tape)
        if step >= first {
            let factors = batch.domains.map { $0 == domain ? Float.nan : 1 }
            loss.rowSums_B = try withTorch { () throws(TorchError) in try loss.rowSums_B * Tensor(factors) }
        }
        return loss
    }
}

/// An objective that never finds the memory it asks for.
struct GreedyObjective: Objective {
    let parameterGroups: [ParameterGroup]

    init(_ model: LanguageModel) { parameterGroups = NextTokenObjective(model).parameterGroups }

    mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss {
        throw .torch(TorchError(code: .outOfMemory, operation: "test", message: "not enough memory"))
    }
}

/// Next-token prediction plus `100 * up + down`, with state of each kind.
struct PulledObjective: Objective {
    let parameterGroups: [ParameterGroup]
    let up: Parameter
    let down: Parameter
    let lastStep: Int
    let trace: Tensor
    private(set) var state = 0

    init(_ model: LanguageModel, lastStep: Int = .max) throws {
        self.lastStep = lastStep
        up = try Parameter(name: "up", Tensor.zeros([1]))
        down = try Parameter(name: "down", Tensor.zeros([1]))
        trace = try Tensor.zeros([1])
        parameterGroups = [
            ParameterGroup(name: "weights", parameters: model.parameters),
            ParameterGroup(
                name: "up", parameters: [up], rate: 0.5, schedule: .constant, maximize: true,
                clip: ClipGroup(name: "up", maximumNorm: 0.1)),
            ParameterGroup(name: "down", parameters: [down], clip: ClipGroup(name: "down", maximumNorm: .infinity)),
        ]
    }

    mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss {
        try withTorch { () throws(TorchError) in
            ObjectiveLoss(
                rowSums_B: try model.rowLosses(of: batch, tape: tape),
                regulariser: try (up.value * 100 + down.value).sum(), scalars: [("test/up", try up.value.sum())])
        }
    }

    mutating func didStep(_ metrics: StepMetrics) throws(TrainingError) {
        state = metrics.step
        try withTorch { () throws(TorchError) in try trace.add(1) }
    }

    var stateTensors: [(name: String, tensor: Tensor)] { [("trace", trace)] }

    mutating func restore(_ state: Int, tensors: [String: Tensor]) throws(TrainingError) {
        self.state = state
        try withTorch { () throws(TorchError) in if let saved = tensors["trace"] { try trace.copy(from: saved) } }
    }

    var isFinished: Bool { state >= lastStep }
}
