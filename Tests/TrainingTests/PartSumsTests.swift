import Fixtures
import Testing
import Torch

@testable import Training

@Suite struct PartSumsTests {
    /// The gradient of one part; some parts have none.
    private static func node(_ part: Int) throws -> PartSums.Node {
        var random = RepeatableRandom(UInt64(part + 1))
        let values = (0..<50).map { _ in Float.random(in: -1...1, using: &random) }
        return PartSums.Node(parts: part..<part + 1, tensors: [part % 5 == 3 ? nil : try Tensor(values)])
    }

    @Test func theSumHasTheSameBitsHoweverPartsAreSpread() throws {
        var inARow = 0
        for parts in 1...11 {
            var alone = PartSums()
            for part in 0..<parts { try alone.add(Self.node(part)) }
            let expected = try #require(alone.total()[0]).floats()
            for ranks in 1...12 {
                var all = PartSums()
                for rank in 0..<ranks {
                    var own = PartSums()
                    let range = RowShare.fixed(parts, rank: rank, ranks: ranks)
                    for part in range { try own.add(Self.node(part)) }
                    #expect(own.nodes.map(\.parts) == PartSums.nodes(of: range))
                    for node in own.nodes { try all.add(node) }
                }
                #expect(try all.total()[0]?.floats() == expected, "\(parts) parts on \(ranks) ranks")
            }
            // The order matters: one after the other gives other bits, of the same sum.
            var sum = [Float](repeating: 0, count: 50)
            for part in 0..<parts {
                for (index, value) in try (Self.node(part).tensors[0]?.floats() ?? []).enumerated() {
                    sum[index] += value
                }
            }
            if sum != expected { inARow += 1 }
            expectClose(expected.map(Double.init), sum.map(Double.init), Tolerance(absolute: 1e-5, relative: 0))
        }
        #expect(inARow > 0)
    }
}
