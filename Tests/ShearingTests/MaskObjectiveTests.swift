import Corpus
import Testing
import Torch
import Training
import Transformer

@testable import Shearing

@Suite struct MaskObjectiveTests {
    static let source = Architecture(
        vocabularySize: 24, hiddenSize: 32, headSize: 8,
        blocks: [BlockShape](repeating: BlockShape(queryHeads: 6, keyValueHeads: 2, intermediateSize: 48), count: 4),
        tiedEmbeddings: true)
    static let target = TargetArchitecture(layers: 3, hiddenSize: 20, heads: 4, keyValueHeads: 2, intermediateSize: 32)

    static func model(seed: UInt64 = 1) throws -> LanguageModel { try LanguageModel(source, initializedWith: seed) }

    static func settings(_ constraint: SparsityConstraint, start: MaskStart = .uniform) -> PruningSettings {
        var settings = PruningSettings(target: target, rampSteps: 30)
        settings.constraint = constraint
        settings.start = start
        settings.maskRate = constraint == .projected ? 0.1 : 0.3
        settings.weightRate = 1e-3
        settings.maskSchedule = .constant
        return settings
    }

    static let calibration = [PruningRun<MaskObjective>.batch(step: 0, rows: 4)]

    @Test(arguments: [SparsityConstraint.projected, .quadratic], MaskStart.allCases)
    func aShortRunReachesItsTargetInEveryFamily(_ constraint: SparsityConstraint, _ start: MaskStart) throws {
        let model = try Self.model()
        let objective = try MaskObjective(
            model, settings: Self.settings(constraint, start: start), seed: 17, calibration: Self.calibration)
        let run = PruningRun(model, objective)
        try run.run(0..<60)
        let report = try run.objective.convergence()
        #expect(report.families.map(\.rows.family) == [.hidden, .heads, .intermediate, .layer])
        for family in report.families {
            #expect(family.gap < 0.02, "\(family.rows.family): \(family.expected) against \(family.target)")
        }
        #expect(report.shortfall == nil)
        let hidden = try #require(report.families.first)
        let decided = "\(Int((100 * hidden.undecided).rounded()))% undecided"
        #expect(report.summary.contains("hidden 0.") && report.summary.contains(decided), "\(report.summary)")
        let carved = try model.carved(by: run.objective.masks)
        #expect(carved.architecture == Self.target.architecture(from: Self.source))
    }

    @Test func theLagrangianPushesSparsityTowardsItsTarget() throws {
        let model = try Self.model()
        var settings = Self.settings(.lagrangian)
        settings.multiplierBound = 50
        let run = PruningRun(model, try MaskObjective(model, settings: settings, seed: 17))
        #expect(run.objective.parameterGroups.map(\.name) == ["weights", "masks", "multipliers"])
        #expect(run.objective.parameterGroups.map(\.maximize) == [false, false, true])
        try run.run(0..<12)
        let early = try run.objective.convergence()
        for family in early.families {
            #expect(try #require(family.linearMultiplier) < 0 && #require(family.quadraticMultiplier) >= 0)
        }
        let shortfall = try #require(early.shortfall)
        for words in ["did not converge", "from the target", "constraint: projected", "mask_rate", "more steps"] {
            #expect(shortfall.contains(words), "\(shortfall)")
        }
        try run.run(12..<60)
        for family in try run.objective.convergence().families { #expect(family.expected > 0.1) }
    }

    @Test func projectedMasksFollowTheScheduleAtEveryStep() throws {
        let model = try Self.model()
        let run = PruningRun(
            model, try MaskObjective(model, settings: Self.settings(.projected), seed: 3, calibration: Self.calibration)
        )
        for step in 0..<35 {
            let report = try run.objective.convergence()
            for family in report.families {
                #expect(abs(family.lowestRow - family.scheduled) < 1e-5)
                #expect(abs(family.highestRow - family.scheduled) < 1e-5)
            }
            try run.run(step..<step + 1)
        }
    }

    @Test func microBatchesShareTheDrawAndAddTheConstraintOnce() throws {
        var logAlphas: [[[Float]]] = []
        for parts in [1, 2] {
            let model = try Self.model()
            let objective = try MaskObjective(model, settings: Self.settings(.quadratic), seed: 5)
            // The same rows, whole or in halves: row r of step s depends on s and r alone.
            let whole = PruningRun<MaskObjective>.batch(step: 0, rows: 4)
            var mutable = objective
            try mutable.willStep(0, model)
            for part in 0..<parts {
                let batch = whole.rows(part * 4 / parts..<(part + 1) * 4 / parts)
                let loss = try mutable.loss(model, batch, step: 0, tape: nil)
                let regulariser = try #require(loss.regulariser)
                try (loss.rowSums_B.sum() * (1.0 / 60) + regulariser * (1 / Double(parts))).backward()
            }
            logAlphas.append(try mutable.masks.logAlphas.map { try #require($0.gradient).floats() })
        }
        for (whole, halves) in zip(logAlphas[0], logAlphas[1]) {
            let size = whole.map { abs($0) }.max() ?? 0
            #expect(zip(whole, halves).allSatisfy { abs($0 - $1) <= 1e-5 * size })
        }
    }

    @Test func checkpointedBlocksGiveTheMasksTheSameGradient() throws {
        var gradients: [[[Float]]] = []
        for tape in [nil, CheckpointTape()] {
            let model = try Self.model()
            var objective = try MaskObjective(model, settings: Self.settings(.projected), seed: 5)
            try withoutGradients { for parameter in objective.masks.logAlphas { try parameter.master.fill(0.5) } }
            try objective.willStep(3, model)
            let loss = try objective.loss(
                model, PruningRun<MaskObjective>.batch(step: 0, rows: 2), step: 3, tape: tape)
            try loss.rowSums_B.sum().backward()
            try tape?.backward()
            gradients.append(try objective.masks.logAlphas.map { try #require($0.gradient).floats() })
        }
        for (plain, checkpointed) in zip(gradients[0], gradients[1]) {
            let size = plain.map { abs($0) }.max() ?? 0
            #expect(size > 0)
            #expect(zip(plain, checkpointed).allSatisfy { abs($0 - $1) <= 1e-5 * size })
        }
    }

    @Test func familiesThatKeepEverythingHaveNoMaskAndNoMultiplier() throws {
        let model = try Self.model()
        var settings = Self.settings(.lagrangian)
        settings.target = TargetArchitecture(
            layers: 4, hiddenSize: 20, heads: 6, keyValueHeads: 2, intermediateSize: 48)
        var objective = try MaskObjective(model, settings: settings, seed: 1)
        #expect(objective.masks.families.map(\.family) == [.hidden])
        #expect(objective.parameterGroups[2].parameters.map(\.shape) == [[1], [1]])
        try objective.willStep(0, model)
        let masks = try objective.masks.drawn(at: 0)
        #expect(masks.hidden_H != nil && masks.heads_LQ == nil && masks.intermediate_LM == nil && masks.layers_L == nil)
        #expect(
            try objective.metrics().keys.sorted() == [
                "lagrangian/hidden/linear", "lagrangian/hidden/quadratic", "mask/hidden/expected", "mask/hidden/target",
                "mask/hidden/undecided",
            ])
    }

    @Test func aTargetThatKeepsEverythingTrainsThePlainModel() throws {
        let model = try Self.model()
        var settings = Self.settings(.lagrangian)
        settings.target = TargetArchitecture(
            layers: 4, hiddenSize: 32, heads: 6, keyValueHeads: 2, intermediateSize: 48)
        var objective = try MaskObjective(model, settings: settings, seed: 1)
        let loss = try objective.loss(model, PruningRun<MaskObjective>.batch(step: 0, rows: 2), step: 0, tape: nil)
        #expect(loss.regulariser == nil)
        #expect(try model.carved(by: objective.masks).architecture == Self.source)
    }

    @Test func aRestoredObjectiveContinuesBitForBit() throws {
        func finalLogAlphas(interruptedAt stop: Int?) throws -> [[Float]] {
            let model = try Self.model()
            var settings = Self.settings(.projected)
            settings.earlyStop = FrozenMasks(steps: 100)
            let run = PruningRun(model, try MaskObjective(model, settings: settings, seed: 9))
            try run.run(0..<(stop ?? 12))
            if stop != nil {
                // What a checkpoint keeps: the parameters (the same objects here) and the state through JSON.
                let state = run.objective.state
                let fresh = try MaskObjective(model, settings: settings, seed: 9)
                for (kept, restored) in zip(run.objective.masks.logAlphas, fresh.masks.logAlphas) {
                    try withoutGradients { try restored.master.copy(from: kept.master) }
                }
                run.objective = fresh
                try run.objective.restore(state, tensors: [:])
                #expect(run.objective.state == state)
                try run.run((stop ?? 0)..<12)
            }
            return try run.objective.masks.logAlphas.map { try $0.master.floats() }
        }
        #expect(try finalLogAlphas(interruptedAt: nil) == finalLogAlphas(interruptedAt: 7))
    }

    @Test func frozenMasksEndTheRunEarly() throws {
        let model = try Self.model()
        var settings = Self.settings(.projected, start: .importance)
        settings.rampSteps = 5
        settings.maskRate = 1e-6
        settings.earlyStop = FrozenMasks(steps: 4)
        let objective = try MaskObjective(model, settings: settings, seed: 2, calibration: Self.calibration)
        let run = PruningRun(model, objective)
        try run.run(0..<40)
        #expect(run.objective.isFinished)
        #expect(run.losses.count == 9)
        #expect(try run.objective.convergence().unchangedSteps == 4)
    }

    @Test func evaluationMasksAreAsLargeAsAsked() throws {
        let model = try Self.model()
        for (size, zeros) in [(MaskSize.current, 0), (.target, 12)] {
            var settings = Self.settings(.projected)
            settings.evaluationSize = size
            let objective = try MaskObjective(model, settings: settings, seed: 2)
            let hidden = try #require(try objective.evaluationMasks()?.hidden_H).floats()
            #expect(hidden.count { $0 == 0 } == zeros)
        }
    }

    @Test func senselessSettingsAreAllNamed() {
        var settings = Self.settings(.quadratic)
        settings.maskRate = -1
        settings.quadraticWeight = .nan
        settings.rampSteps = -3
        #expect {
            try MaskObjective(Self.model(), settings: settings, seed: 0)
        } throws: { error in
            guard case ShearingError.impossibleSettings(let problems) = error else { return false }
            return problems.count == 3
        }
    }

    /// A model with useless neurons added: learned masks must find them, and the carved model must lose little.
    @Test func learnedMasksFindUselessNeurons() throws {
        let small = try Self.model(seed: 3)
        let training = PruningRun(small, NextTokenObjective(small, rate: 3e-3))
        try training.run(0..<150)
        #expect(try #require(training.losses.last) < 1.5)

        let useful = 48
        let added = 16
        let wide = Self.source.reshaped(
            blocks: Self.source.blocks.map {
                BlockShape(
                    queryHeads: $0.queryHeads, keyValueHeads: $0.keyValueHeads, intermediateSize: useful + added)
            })
        let generator = try RandomGenerator(seed: 1)
        var weights: [String: Tensor] = [:]
        let trained = try Dictionary(uniqueKeysWithValues: small.weights().map { ($0.name, $0.tensor) })
        for entry in WeightTable(wide).entries {
            let tensor = try #require(trained[entry.name])
            if let axis = entry.axes.firstIndex(of: .intermediate) {
                var shape = tensor.shape
                shape[axis] = added
                let more =
                    entry.role == .down
                    ? try Tensor.zeros(shape) : try Tensor.normal(shape, deviation: 0.1, generator: generator)
                weights[entry.name] = try Tensor.concatenated([more, tensor.copied()], axis: axis)
            } else {
                weights[entry.name] = tensor
            }
        }
        let model = try LanguageModel(wide, weights: weights)
        var settings = Self.settings(.projected)
        settings.target = TargetArchitecture(
            layers: 4, hiddenSize: 32, heads: 6, keyValueHeads: 2, intermediateSize: useful)
        settings.weightRate = 0
        let run = PruningRun(model, try MaskObjective(model, settings: settings, seed: 4))
        try run.run(0..<60)
        let kept = try run.objective.masks.deterministic(.target).keptColumns(of: .intermediate)
        let usefulKept = kept.joined().count { $0 >= added }
        #expect(Double(usefulKept) / Double(4 * useful) > 0.9)
        let carved = try model.carved(by: run.objective.masks)
        let batch = PruningRun<MaskObjective>.batch(step: 1000, rows: 4)
        let tokens = try Tensor(batch.tokens, shape: [4, 16])
        let targets = try Tensor(batch.targets, shape: [4, 16])
        let (before, after) = try withoutGradients {
            try (
                small.rowLosses(small.hidden(tokens), targets).mean().item(),
                carved.rowLosses(carved.hidden(tokens), targets).mean().item()
            )
        }
        #expect(after / 15 < before / 15 + 0.2)
    }
}

extension TokenBatch {
    /// Some of the rows.
    fileprivate func rows(_ range: Range<Int>) -> TokenBatch {
        TokenBatch(
            tokens: Array(tokens[range.lowerBound * columns..<range.upperBound * columns]),
            targets: Array(targets[range.lowerBound * columns..<range.upperBound * columns]), segments: nil,
            domains: Array(domains[range]), rowIDs: Array(rowIDs[range]), rows: range.count, columns: columns)
    }
}
