import Corpus
import Evaluation
import Fixtures
import Foundation
import Search
import Testing
import Torch
import Training
import Transformer

@testable import SuperNetwork

/// A small elastic run, made anew from its settings as after a restart of the process.
struct ElasticRun {
    var elastic = ElasticSettings()
    var settings = TrainingSettings(
        steps: 9, batchRows: 6, peakRate: 3e-3, schedule: LearningRate(warmupSteps: 2), evaluateEvery: 4,
        microBatchRows: 2, checkpointEvery: 3)
    var computeDType = DType.float32
    static let shape = TinyModel.architecture(
        layers: 4, hidden: 16, heads: 2, keyValueHeads: 1, intermediate: 24, vocabulary: TinyCorpus.vocabularySize)
    static let space = ElasticSpace(
        layerCounts: [2, 3, 4], intermediateSizes: Array(repeating: [6, 12, 24], count: 4), dropOrder: [2, 1])
    let corpus: PackedCorpus
    let folder: TemporaryDirectory
    private let packed: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
        packed = try TemporaryDirectory()
        corpus = try TinyCorpus.make(in: packed.path)
    }

    func model() throws -> LanguageModel {
        try LanguageModel(Self.shape, initializedWith: 3, computeDType: computeDType)
    }

    func trainer<O: Objective>(in name: String, _ objective: (LanguageModel) throws -> O) throws -> Trainer<O> {
        let model = try model()
        let loader = try MixtureLoader(
            corpus: corpus, weights: [1, 1, 1], batchRows: settings.batchRows, seed: 11, exhausted: .repeat)
        return try Trainer(
            model: model, objective: try objective(model), loader: loader, validation: DomainLoss(corpus: corpus),
            settings: settings, folder: folder.path(name), stage: "tiny", stop: StopFlag(), warn: { _ in })
    }

    func trainer(in name: String) throws -> Trainer<ElasticObjective> {
        try trainer(in: name) { try ElasticObjective($0, space: Self.space, settings: elastic, seed: 5) }
    }
}

/// All weights, bit for bit.
func bits(_ model: LanguageModel) throws -> [[UInt32]] {
    try model.parameters.map { try $0.master.floats().map(\.bitPattern) }
}

@Suite struct ElasticObjectiveTests {
    @Test(arguments: ElasticSettings.Schedule.allCases, [DType.float32, .bfloat16])
    func aRunInPiecesEndsWithTheSameBits(_ schedule: ElasticSettings.Schedule, dtype: DType) throws {
        var run = try ElasticRun()
        run.elastic = ElasticSettings(schedule: schedule, subNetworks: 2)
        run.computeDType = dtype
        let whole = try run.trainer(in: "whole")
        try whole.run()
        for last in [1, 4, 5, 9] { try run.trainer(in: "pieces").run(until: last) }
        #expect(try bits(run.trainer(in: "pieces").model) == bits(whole.model))
    }

    @Test func theFaithfulModeAlternates() throws {
        let draws = ElasticDraws(ElasticRun.space, settings: ElasticSettings(), seed: 5)
        for step in 0..<20 {
            let networks = draws.networks(at: step)
            #expect(networks.map(\.name) == [step % 2 == 0 ? "full" : "random-0"])
            #expect(networks == draws.networks(at: step))
            if step % 2 == 0 { #expect(networks[0].genome == ElasticRun.space.fullGenome) }
        }
        #expect(Set((0..<40).flatMap { draws.networks(at: 2 * $0 + 1) }.map(\.genome)).count > 20)
        let other = ElasticDraws(ElasticRun.space, settings: ElasticSettings(), seed: 6)
        #expect((0..<20).contains { other.networks(at: $0) != draws.networks(at: $0) })
        let sandwich = ElasticDraws(
            ElasticRun.space, settings: ElasticSettings(schedule: .sandwich, subNetworks: 2), seed: 5)
        #expect(sandwich.networks(at: 3).map(\.name) == ["full", "smallest", "random-0", "random-1"])
        #expect(sandwich.networks(at: 3)[1].genome == ElasticRun.space.smallestGenome)
    }

    @Test func aSpaceOfTheSourceAloneIsPlainTraining() throws {
        let run = try ElasticRun()
        let space = ElasticSpace(layerCounts: [4], intermediateSizes: Array(repeating: [24], count: 4))
        let plain = try run.trainer(in: "plain") { NextTokenObjective($0) }
        let elastic = try run.trainer(in: "elastic") { try ElasticObjective($0, space: space, seed: 1) }
        try plain.run()
        try elastic.run()
        #expect(try bits(elastic.model) == bits(plain.model))
    }

    @Test(arguments: ElasticSettings.Schedule.allCases)
    func gradientsAreTheMeanOverTheStepsNetworks(_ schedule: ElasticSettings.Schedule) throws {
        let run = try ElasticRun()
        let batch = try run.corpus.batch((0..<4).map { RowID(domain: $0 % 3, row: $0) }, from: .training)
        let settings = ElasticSettings(schedule: schedule, subNetworks: 3)
        let step = 1
        let found = try run.model()
        var objective = try ElasticObjective(found, space: ElasticRun.space, settings: settings, seed: 5)
        try objective.willStep(step, found)
        for pass in 0..<objective.passCount {
            try objective.loss(found, batch, step: step, pass: pass, tape: nil).rowSums_B.sum().backward()
        }
        let expected = try run.model()
        let networks = objective.draws.networks(at: step)
        #expect(networks.count == objective.passCount)
        for network in networks {
            let view = try ElasticRun.space.view(of: network.genome)
            try (expected.rowLosses(of: batch, view: view).sum() * (1 / Double(networks.count))).backward()
        }
        for (a, b) in zip(found.parameters, expected.parameters) {
            guard let wanted = b.gradient else { #expect(a.gradient == nil); continue }
            #expect(try relativeDifference(try #require(a.gradient), wanted) < 1e-5)
        }
    }

    @Test func microBatchesShareTheNetworksOfAStep() throws {
        var run = try ElasticRun()
        run.elastic = ElasticSettings(schedule: .sandwich, subNetworks: 1)
        var steps: [[String: Double]] = []
        for rows in [6, 2, 1] {
            run.settings.microBatchRows = rows
            let trainer = try run.trainer(in: "by-\(rows)")
            var losses: [Double] = []
            var domains: [String: Double] = [:]
            try trainer.run(until: 4) { (metrics) throws(TrainingError) in
                losses.append(metrics.loss)
                steps.append(metrics.objective)
                domains = metrics.domainLosses
            }
            let first = steps[0]
            // The step's loss is the mean of its networks' losses, whatever the split.
            let mean = ["full", "smallest", "random-0"].reduce(0) { $0 + (first["elastic/\($1)"] ?? .nan) / 3 }
            #expect(abs(losses[0] - mean) < 1e-4)
            // Near ln 64 from random weights: tokens are counted once, not once a network.
            #expect(domains.count == 3 && domains.values.allSatisfy { abs($0 - 4.1) < 0.3 })
        }
        for step in 0..<4 {
            #expect(
                abs(steps[step]["elastic/smallest", default: 0] - steps[4 + step]["elastic/smallest", default: 1])
                    < 1e-3)
            #expect(steps[step]["elastic/parameters"] == steps[8 + step]["elastic/parameters"])
        }
    }

    @Test func trainingMakesTheSmallestNetworkUsable() throws {
        var run = try ElasticRun()
        run.elastic = ElasticSettings(schedule: .sandwich)
        run.settings.steps = 100
        run.settings.peakRate = 1e-2
        run.settings.evaluateEvery = nil
        run.settings.checkpointEvery = nil
        run.settings.microBatchRows = nil
        let measure = DomainLoss(corpus: run.corpus)
        let view = try ElasticRun.space.view(of: ElasticRun.space.smallestGenome)
        func losses(_ trainer: Trainer<some Objective>) throws -> (full: Double, smallest: Double) {
            try trainer.run()
            return (
                try #require(measure.measure(trainer.model).meanLoss),
                try #require(measure.measure(trainer.model, view: view).meanLoss)
            )
        }
        let elastic = try losses(run.trainer(in: "elastic"))
        let plain = try losses(run.trainer(in: "plain") { NextTokenObjective($0) })
        // Cut out of a plainly trained model the smallest network loses much of what it knew.
        #expect(elastic.smallest < plain.smallest - 0.1, "\(elastic) \(plain)")
        #expect(elastic.smallest - elastic.full < 0.5 * (plain.smallest - plain.full), "\(elastic) \(plain)")
    }

    @Test(arguments: [0.0, 0.6, 1]) func everyNetworkFollowsTheTeacher(_ weight: Double) throws {
        let run = try ElasticRun()
        let batch = try run.corpus.batch((0..<4).map { RowID(domain: $0 % 3, row: $0) }, from: .training)
        let other = try LanguageModel(ElasticRun.shape, initializedWith: 8)
        let settings = DistillationSettings(weight: weight, temperature: 2)
        let found = try run.model()
        var objective = try ElasticObjective(
            found, space: ElasticRun.space, settings: ElasticSettings(schedule: .sandwich),
            teacher: Teacher(other, settings: settings, of: found), seed: 5)
        try objective.willStep(0, found)
        var scalars: [String] = []
        for pass in 0..<objective.passCount {
            let loss = try objective.loss(found, batch, step: 0, pass: pass, tape: nil)
            try loss.rowSums_B.sum().backward()
            scalars += loss.scalars.map(\.name)
        }
        #expect(scalars.contains("elastic/smallest/divergence") && scalars.count == 6)
        // The same by plain distillation of each slice's view, one at a time.
        let expected = try run.model()
        let teacher = try Teacher(other, settings: settings, of: expected)
        for network in objective.draws.networks(at: 0) {
            let view = try ElasticRun.space.view(of: network.genome)
            let losses = try teacher.losses(
                of: expected, expected.hidden(of: batch, view: view), on: batch, known: teacher.hidden(of: batch))
            try (losses.loss_BT.sum() * (1 / 3.0)).backward()
        }
        for (a, b) in zip(found.parameters, expected.parameters) {
            #expect(try relativeDifference(try #require(a.gradient), try #require(b.gradient)) < 1e-4)
        }
        #expect(other.parameters.allSatisfy { $0.gradient == nil })
    }

    @Test func settingsAndSpacesThatMakeNoSenseAreRefused() throws {
        let model = try ElasticRun().model()
        #expect {
            try ElasticObjective(model, space: ElasticRun.space, settings: ElasticSettings(subNetworks: 0), seed: 1)
        } throws: {
            "\($0)".contains("0 random sub-networks")
        }
        let other = ElasticSpace(layerCounts: [2], intermediateSizes: [[1], [1]])
        #expect { try ElasticObjective(model, space: other, seed: 1) } throws: {
            "\($0)".contains("describes 2 blocks")
        }
    }

    @Test func operationsAreThoseOfTheNetworksThatRan() throws {
        let draws = ElasticDraws(ElasticRun.space, settings: ElasticSettings(), seed: 5)
        let full = CostModel(ElasticRun.shape).trainingFLOPsPerToken(sequenceLength: 16)
        #expect(try draws.trainingFLOPsPerToken(of: ElasticRun.shape, steps: 0..<1, sequenceLength: 16) == full)
        let view = try ElasticRun.space.view(of: draws.networks(at: 1)[0].genome)
        let part = CostModel(ElasticRun.shape.viewed(by: view)).trainingFLOPsPerToken(sequenceLength: 16)
        #expect(try draws.trainingFLOPsPerToken(of: ElasticRun.shape, steps: 0..<2, sequenceLength: 16) == full + part)
    }
}
