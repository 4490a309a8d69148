import Foundation
import Testing
import Torch
import Transformer

@testable import Shearing

@Suite struct PruningMasksTests {
    static let target = TargetArchitecture(layers: 4, hiddenSize: 24, heads: 6, keyValueHeads: 3, intermediateSize: 32)

    /// Masks of all four families with log-alphas drawn from Normal(0, `deviation`).
    static func random(seed: UInt64, deviation: Double = 2, target: TargetArchitecture = target) throws -> PruningMasks
    {
        let families = try MaskRows.pruned(source: TargetArchitectureTests.source(), target: target)
        let generator = try RandomGenerator(seed: seed)
        let values = try families.map { rows in
            try Tensor.normal([rows.count], mean: 0, deviation: deviation, generator: generator).floats()
        }
        return try PruningMasks(families: families, logAlphas: values, seed: seed)
    }

    static func elements(_ masks: LayerMasks) throws -> [[Float]] {
        try [masks.hidden_H, masks.heads_LQ, masks.intermediate_LM, masks.layers_L].map { try $0?.floats() ?? [] }
    }

    @Test func theUniformStartHasTheFloat32ValueOfTheUpperBound() throws {
        let masks = try PruningMasks.uniform(
            source: TargetArchitectureTests.source(), target: Self.target, seed: 17)
        try masks.clampToBounds()
        for (_, rows) in try masks.expectedSparsity() {
            for sparsity in rows { #expect(abs(sparsity - 0.00202) < 5e-6) }
        }
    }

    @Test func drawsOfOneStepAreEqualAndOthersDiffer() throws {
        let masks = try Self.random(seed: 3)
        let first = try Self.elements(masks.drawn(at: 12))
        #expect(try Self.elements(masks.drawn(at: 12)) == first)
        #expect(try Self.elements(masks.drawn(at: 13)) != first)
        let other = try PruningMasks(
            families: masks.families, logAlphas: masks.logAlphas.map { try $0.master.floats() }, seed: 4)
        #expect(try Self.elements(other.drawn(at: 12)) != first)
    }

    @Test func familiesDrawIndependentNoise() throws {
        let logits = try Self.random(seed: 5).noise(at: 0).logits.map { try $0.floats() }
        #expect(logits[0].prefix(4) != logits[2].prefix(4))
    }

    @Test func averageDrawsHaveTheExpectedSparsity() throws {
        let masks = try Self.random(seed: 9)
        var zeros = 0
        let draws = 400
        for step in 0..<draws { zeros += try Self.elements(masks.drawn(at: step))[2].count { $0 == 0 } }
        let expected = try #require(try masks.expectedSparsity()[.intermediate])
        let mean = Double(expected.reduce(0, +)) / Double(expected.count)
        #expect(abs(Double(zeros) / Double(draws * 5 * 48) - mean) < 0.005)
    }

    @Test func exactSelectionKeepsTheTargetInEveryRowTiesIncluded() throws {
        for seed in 0..<20 as Range<UInt64> {
            let random = try Self.random(seed: seed)
            let tied = try random.logAlphas.map { try $0.master.floats().map { ($0 / 2).rounded() * 2 } }
            let masks = try PruningMasks(families: random.families, logAlphas: tied, seed: seed)
            let selection = try masks.deterministic(.target)
            for (index, rows) in masks.families.enumerated() {
                for (row, kept) in selection.keptColumns(of: rows.family).enumerated() {
                    #expect(kept.count == rows.kept)
                    let values = tied[index][row * rows.columns..<(row + 1) * rows.columns].map { $0 }
                    let removed = Set(0..<rows.columns).subtracting(kept)
                    for stays in kept {
                        for goes in removed {
                            #expect(values[stays] > values[goes] || (values[stays] == values[goes] && stays < goes))
                        }
                    }
                }
            }
        }
    }

    @Test func keptValuesAtTheBoundAre99603() throws {
        let masks = try PruningMasks.uniform(
            source: TargetArchitectureTests.source(), target: Self.target, seed: 1)
        try masks.clampToBounds()
        let hidden = try #require(try masks.deterministic(.target).values[.hidden])
        #expect(hidden.count { $0 == 0 } == 12)
        #expect(hidden.allSatisfy { $0 == 0 || abs($0 - 0.99603) < 1e-5 })
    }

    @Test func currentSelectionRemovesAsManyAsExpected() throws {
        let masks = try Self.random(seed: 21, deviation: 4)
        let expected = try masks.expectedSparsity()
        let selection = try masks.deterministic(.current)
        for rows in masks.families where rows.columns > 10 {
            for (row, kept) in selection.keptColumns(of: rows.family).enumerated() {
                let removed = try Double(#require(expected[rows.family])[row]) * Double(rows.columns)
                #expect(abs(Double(rows.columns - kept.count) - removed) <= 0.5 + 1e-3)
            }
        }
    }

    @Test func droppedGroupsShareOneVariable() throws {
        let target = TargetArchitecture(layers: 5, hiddenSize: 36, heads: 6, keyValueHeads: 2, intermediateSize: 48)
        let masks = try Self.random(seed: 2, target: target)
        let heads = try #require(try masks.drawn(at: 1).heads_LQ)
        #expect(heads.shape == [5, 9])
        let values = try heads.floats()
        for start in stride(from: 0, to: 45, by: 3) {
            #expect(values[start] == values[start + 1] && values[start] == values[start + 2])
        }
    }

    @Test func aNotFiniteLogAlphaIsNamed() throws {
        let families = try MaskRows.pruned(source: TargetArchitectureTests.source(), target: Self.target)
        var values = families.map { [Float](repeating: 0, count: $0.count) }
        values[2][50] = .nan
        #expect {
            try PruningMasks(families: families, logAlphas: values, seed: 0)
        } throws: { error in
            guard case ShearingError.notFinite(.intermediate, row: 1, column: 2) = error else { return false }
            return true
        }
    }

    @Test func projectionReachesTheScheduleInEveryRowAtEveryStep() throws {
        for seed in 0..<5 as Range<UInt64> {
            let masks = try Self.random(seed: seed, deviation: 10)
            let schedule = TargetSchedule(rampSteps: 10)
            let orders = try masks.logAlphas.map { TopK.order(try $0.master.floats(), row: 0, columns: 5) }
            for step in 0...12 {
                try masks.project(onto: schedule, at: step)
                let expected = try masks.expectedSparsity()
                for rows in masks.families {
                    let asked = schedule.sparsity(at: step, full: rows.targetSparsity)
                    for sparsity in try #require(expected[rows.family]) {
                        #expect(abs(Double(sparsity) - asked) < 1e-5)
                    }
                }
            }
            let after = try masks.logAlphas.map { TopK.order(try $0.master.floats(), row: 0, columns: 5) }
            #expect(after[0] == orders[0] && after[3] == orders[3])
        }
    }

    @Test func rankedStartsFollowImportance() throws {
        let source = TargetArchitectureTests.source()
        let hidden = (0..<36).map { Float(($0 * 7) % 36) }
        let importance = Importance(
            hidden_H: hidden, heads_LQ: (0..<45).map(Float.init), intermediate_LM: (0..<240).map { -Float($0) },
            layers_L: [5, 1, 4, 2, 3])
        let masks = try PruningMasks.ranked(
            source: source, target: Self.target, importance: importance, center: 0, span: 30, seed: 0)
        let kept = try masks.deterministic(.target)
        #expect(kept.keptColumns(of: .layer) == [[0, 2, 3, 4]])
        #expect(kept.keptColumns(of: .heads) == [[Int]](repeating: [1, 2], count: 15))
        #expect(kept.keptColumns(of: .intermediate) == [[Int]](repeating: Array(0..<32), count: 5))
        #expect(Set(kept.keptColumns(of: .hidden)[0].map { hidden[$0] }) == Set((12..<36).map(Float.init)))
    }

    @Test func masksFileReadsBackWhatWasWritten() throws {
        let target = TargetArchitecture(layers: 4, hiddenSize: 24, heads: 6, keyValueHeads: 2, intermediateSize: 32)
        let file = try MasksFile(Self.random(seed: 8, target: target), step: 60)
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try file.write(to: path)
        let back = try MasksFile.read(path)
        #expect(back.step == 60 && back.masks == file.masks && back.logAlphas == file.logAlphas)
    }
}
