import Testing

@testable import Search

@Suite struct DominanceTests {
    @Test func aPointDominatesWhenItIsNowhereWorseAndSomewhereBetter() {
        #expect(Dominance.dominates([1, 2], [1, 3]))
        #expect(!Dominance.dominates([1, 3], [1, 2]))
        #expect(!Dominance.dominates([1, 2], [1, 2]), "equal points leave each other alone")
        #expect(!Dominance.dominates([1, 3], [2, 2]))
        #expect(Dominance.dominates([1, 2, 3], [2, 3, 4]))
    }

    @Test func theFrontKeepsEqualPoints() {
        #expect(
            Dominance.front([[1, 5], [2, 3], [4, 1], [2, 6], [3, 4], [5, 5], [4, 4], [1, 5]]) == [0, 1, 2, 7])
    }
}
