import Testing
import Transformer

@testable import Shearing

@Suite struct TargetArchitectureTests {
    static func source(heads: Int = 9, groups: Int = 3) -> Architecture {
        Architecture(
            vocabularySize: 64, hiddenSize: 36, headSize: 4,
            blocks: [BlockShape](
                repeating: BlockShape(queryHeads: heads, keyValueHeads: groups, intermediateSize: 48), count: 5),
            tiedEmbeddings: true)
    }

    @Test func aTargetInsideTheSourceHasNoProblems() {
        let target = TargetArchitecture(layers: 4, hiddenSize: 24, heads: 6, keyValueHeads: 3, intermediateSize: 32)
        #expect(target.problems(against: Self.source()) == [])
        #expect(target.architecture(from: Self.source()).blocks.count == 4)
    }

    @Test func allProblemsAreNamedAtOnce() {
        let target = TargetArchitecture(layers: 6, hiddenSize: 40, heads: 10, keyValueHeads: 3, intermediateSize: 0)
        let problems = target.problems(against: Self.source())
        #expect(problems.count == 5)
        #expect(problems.contains { $0.contains("layers is 6, larger than the source's 5; choose at most 5") })
        #expect(problems.contains { $0.contains("hidden size is 40") })
        #expect(problems.contains { $0.contains("heads is 10") })
        #expect(problems.contains { $0.contains("intermediate size is 0") })
        #expect(problems.contains { $0.contains("do not divide into 3") })
    }

    @Test func droppedGroupsKeepTheirSize() {
        let fits = TargetArchitecture(layers: 5, hiddenSize: 36, heads: 6, keyValueHeads: 2, intermediateSize: 48)
        #expect(fits.problems(against: Self.source()) == [])
        let changed = TargetArchitecture(layers: 5, hiddenSize: 36, heads: 4, keyValueHeads: 2, intermediateSize: 48)
        #expect(changed.problems(against: Self.source()).first?.contains("choose 6 heads") == true)
    }

    @Test func aSourceOfUnequalLayersIsRefused() {
        var source = Self.source()
        source.blocks[2].intermediateSize = 40
        let target = TargetArchitecture(layers: 4, hiddenSize: 24, heads: 6, keyValueHeads: 3, intermediateSize: 32)
        #expect(target.problems(against: source).count == 1)
    }

    @Test func theLlamaTargetsHaveTheirPublishedParameterCounts() {
        let source = Architecture(
            vocabularySize: 32_000, hiddenSize: 4096, headSize: 128,
            blocks: [BlockShape](
                repeating: BlockShape(queryHeads: 32, keyValueHeads: 32, intermediateSize: 11_008), count: 32))
        #expect(source.parameterCount == 6_738_415_616)
        for (target, count) in [
            (TargetArchitecture.shearedLlama1_3B, 1_345_423_360), (.shearedLlama2_7B, 2_701_560_320),
            (.shearedLlama370M, 373_867_520),
        ] {
            #expect(target.problems(against: source) == [])
            #expect(target.architecture(from: source).parameterCount == count)
        }
    }

    @Test func keptGroupsAreChosenPerGroupAndDroppedOnesPerLayer() throws {
        let kept = TargetArchitecture(layers: 5, hiddenSize: 36, heads: 6, keyValueHeads: 3, intermediateSize: 48)
        let rows = try #require(try MaskRows.pruned(source: Self.source(), target: kept).first)
        #expect(rows == MaskRows(family: .heads, rows: 15, columns: 3, kept: 2, repeats: 1, shape: [5, 9]))
        let dropped = TargetArchitecture(layers: 5, hiddenSize: 36, heads: 3, keyValueHeads: 1, intermediateSize: 48)
        let groups = try #require(try MaskRows.pruned(source: Self.source(), target: dropped).first)
        #expect(groups == MaskRows(family: .heads, rows: 5, columns: 3, kept: 1, repeats: 3, shape: [5, 9]))
    }

    @Test func familiesThatKeepEverythingAreLeftOut() throws {
        let target = TargetArchitecture(layers: 5, hiddenSize: 24, heads: 9, keyValueHeads: 3, intermediateSize: 40)
        #expect(try MaskRows.pruned(source: Self.source(), target: target).map(\.family) == [.hidden, .intermediate])
    }

    @Test func anImpossibleTargetThrowsWithItsProblems() {
        let target = TargetArchitecture(layers: 6, hiddenSize: 36, heads: 9, keyValueHeads: 3, intermediateSize: 48)
        #expect {
            try MaskRows.pruned(source: Self.source(), target: target)
        } throws: { error in
            guard case ShearingError.impossibleTarget(let problems) = error else { return false }
            return problems.count == 1
        }
    }
}
