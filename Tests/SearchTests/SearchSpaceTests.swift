import Foundation
import Testing

@testable import Search

@Suite struct SearchSpaceTests {
    /// Depth 2, 3 or 4 of four layers with two options each; the first layers stay.
    private func layers() throws -> SearchSpace {
        try SearchSpace(optionCounts: [3, 2, 2, 2, 2], inactiveGenes: [[3, 4], [4], []])
    }

    @Test func genesWithoutEffectAreZero() throws {
        let space = try layers()
        #expect(space.canonical(Genome([0, 1, 1, 1, 1])) == Genome([0, 1, 1, 0, 0]))
        #expect(space.canonical(Genome([1, 0, 1, 1, 1])) == Genome([1, 0, 1, 1, 0]))
        #expect(space.contains(Genome([2, 1, 1, 1, 1])))
        #expect(!space.contains(Genome([0, 1, 1, 1, 1])), "not canonical")
        #expect(!space.contains(Genome([3, 0, 0, 0, 0])) && !space.contains(Genome([0, 0])))
        #expect(space.isActive(3, underOption: 1) && !space.isActive(3, underOption: 0))
    }

    @Test func genomesAreCountedOnce() throws {
        #expect(try layers().genomeCount == 4 + 8 + 16)
        #expect(try SearchSpace(optionCounts: [3, 2, 5]).genomeCount == 30)
        // Layer counts 24, 28 and 32 of 32, two sizes each: 2^24 + 2^28 + 2^32 different networks.
        let published = try SearchSpace(
            optionCounts: [3] + [Int](repeating: 2, count: 32),
            inactiveGenes: [24, 28, 32].map { Array(($0 + 1)..<33) })
        #expect(published.genomeCount == 4_580_179_968)
    }

    @Test func malformedSpacesAreRefused() {
        let malformed: [([Int], [[Int]])] = [
            ([], []), ([2, 0], []), ([257], []), ([2, 2], [[1]]), ([1, 2], [[0]]), ([1, 2], [[2]]),
            ([1, 2, 2], [[2, 1]]), ([1, 2, 2], [[1, 1]]),
        ]
        for (counts, inactive) in malformed {
            #expect(throws: SearchError.self) { try SearchSpace(optionCounts: counts, inactiveGenes: inactive) }
        }
    }

    @Test func aGenomeIsItsText() {
        #expect(Genome([2, 0, 131]).description == "2-0-131")
        #expect(Genome("2-0-131") == Genome([2, 0, 131]))
        for text in ["", "1-", "-1", "256", "01", "1--2", "a", "1 -2", "+1"] { #expect(Genome(text) == nil, "\(text)") }
    }

    @Test func spacesAndGenomesSurviveJSON() throws {
        let space = try layers()
        #expect(try JSONDecoder().decode(SearchSpace.self, from: JSONEncoder().encode(space)) == space)
        let bytes = Data(#"{"optionCounts": [2, 2], "inactiveGenes": [[0]]}"#.utf8)
        #expect(throws: (any Error).self) { try JSONDecoder().decode(SearchSpace.self, from: bytes) }
        let genomes = [Genome([1, 0]), Genome([255])]
        #expect(try JSONDecoder().decode([Genome].self, from: JSONEncoder().encode(genomes)) == genomes)
    }
}
