import Corpus
import Testing

@testable import Search

@Suite struct VariationTests {
    /// Values of pymoo 0.6.2's operators for the parents 0.2 and 0.6 in [0, 1] with index 15.
    @Test(
        arguments: [
            (0.1, 0.2191393184, 0.5808607677), (0.3, 0.2062845580, 0.5937155342), (0.8, 0.1882124542, 0.6117879492),
            (0.99, 0.1446151520, 0.6553968813),
        ])
    func simulatedBinaryCrossoverGivesThePublishedChildren(chance: Double, first: Double, second: Double) {
        let children = RealVariation.crossed(0.2, 0.6, from: 0, to: 1, index: 15, chance: chance)
        #expect(abs(children.0 - first) < 1e-9 && abs(children.1 - second) < 1e-9, "\(children)")
    }

    /// Values of pymoo 0.6.2's operator for 0.3 in [0, 1] with index 20.
    @Test(
        arguments: [
            (0.05, 0.1963645078), (0.2, 0.2573435050), (0.5, 0.3), (0.8, 0.3426946726), (0.99, 0.4699645014),
        ])
    func polynomialMutationGivesThePublishedValues(chance: Double, expected: Double) {
        #expect(abs(RealVariation.mutated(0.3, from: 0, to: 1, index: 20, chance: chance) - expected) < 1e-9)
    }

    @Test func realChildrenStayBetweenTheirBounds() {
        let variation = RealVariation(lower: [0, -5, 2], upper: [1, 5, 2.5])
        var stream = RandomStream(seed: 5, name: "bounds")
        var genes = [Double](repeating: 0, count: 6)
        for _ in 0..<2_000 {
            variation.draw(&genes, at: 0, using: &stream)
            variation.draw(&genes, at: 3, using: &stream)
            variation.cross(&genes, at: 0, 3, using: &stream)
            for start in [0, 3] {
                variation.mutate(&genes, at: start, using: &stream)
                #expect((0..<3).allSatisfy { (variation.lower[$0]...variation.upper[$0]).contains(genes[start + $0]) })
            }
        }
    }

    @Test func integerChildrenTakeEachGeneFromAParentAndMutationChangesOneInTheMean() throws {
        let space = try SearchSpace(optionCounts: [Int](repeating: 2, count: 20) + [Int](repeating: 5, count: 20))
        let variation = IntegerVariation(space: space)
        var stream = RandomStream(seed: 6, name: "integers")
        var changes = [Int](repeating: 0, count: 40)
        var exchanges = 0
        for _ in 0..<4_000 {
            var genes = [UInt8](repeating: 0, count: 80)
            variation.draw(&genes, at: 0, using: &stream)
            variation.draw(&genes, at: 40, using: &stream)
            let parents = genes
            variation.cross(&genes, at: 0, 40, using: &stream)
            for gene in 0..<40 {
                let kept = genes[gene] == parents[gene] && genes[40 + gene] == parents[40 + gene]
                let exchanged = genes[gene] == parents[40 + gene] && genes[40 + gene] == parents[gene]
                #expect(kept || exchanged)
                if !kept { exchanges += 1 }
            }
            let child = genes
            variation.mutate(&genes, at: 0, using: &stream)
            for gene in 0..<40 where genes[gene] != child[gene] { changes[gene] += 1 }
            #expect(genes[40...] == child[40...])
        }
        // Half of the genes in nine of ten matings, among those that differ (1/2 and 4/5 of them).
        #expect(abs(Double(exchanges) / 4_000 - 0.45 * (20 * 0.5 + 20 * 0.8)) < 0.3)
        #expect(changes.allSatisfy { (60...140).contains($0) }, "one in forty of 4,000: \(changes)")
    }

    /// A gene that only one parent uses stays with that parent's depth; one that mutation switches on is drawn.
    @Test func genesWithoutEffectSayNothingToChildren() throws {
        let space = try SearchSpace(
            optionCounts: [2] + [Int](repeating: 3, count: 8), inactiveGenes: [[5, 6, 7, 8], []])
        let variation = IntegerVariation(space: space)
        var stream = RandomStream(seed: 7, name: "depth")
        let shallow: [UInt8] = [0, 2, 2, 2, 2, 0, 0, 0, 0]
        let deep: [UInt8] = [1, 1, 1, 1, 1, 1, 1, 1, 1]
        var drawn = [Int](repeating: 0, count: 3)
        for _ in 0..<3_000 {
            var genes = shallow + deep
            variation.cross(&genes, at: 0, 9, using: &stream)
            let start = genes[0] == 1 ? 0 : 9
            #expect(genes[(start + 5)..<(start + 9)] == [1, 1, 1, 1])
            var child = shallow
            variation.mutate(&child, at: 0, using: &stream)
            #expect(space.contains(Genome(child)))
            if child[0] == 1 { for gene in child[5...] { drawn[Int(gene)] += 1 } }
        }
        #expect(drawn.reduce(0, +) > 900 && drawn.allSatisfy { abs($0 * 3 - drawn.reduce(0, +)) < 300 }, "\(drawn)")
    }
}
