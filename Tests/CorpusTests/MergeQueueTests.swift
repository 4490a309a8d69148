import Testing

@testable import Corpus

@Suite struct MergeQueueTests {
    /// The definition: merge the leftmost of the lowest-ranked neighbours until none is left.
    private func reference(_ symbols: [TokenID], _ merges: BytePairMerges) -> [TokenID] {
        var symbols = symbols
        while true {
            let found = symbols.indices.dropLast().map { (merges.find(symbols[$0], symbols[$0 + 1]), $0) }
            guard let best = found.min(by: { ($0.0.rank, $0.1) < ($1.0.rank, $1.1) }),
                best.0.rank != BytePairMerges.never
            else {
                return symbols
            }
            symbols.replaceSubrange(best.1...(best.1 + 1), with: [best.0.merged])
        }
    }

    @Test(arguments: 0..<8) func scanningAndDrainingFollowTheDefinition(seed: Int) {
        var random = RandomStream(seed: UInt64(seed), name: "merges")
        var triples: [TokenID] = []
        for merged in TokenID(6)..<60 {
            triples += [
                TokenID.random(in: 0..<merged, using: &random), TokenID.random(in: 0..<merged, using: &random), merged,
            ]
        }
        let merges = BytePairMerges(triples: triples, count: triples.count / 3)
        let queue = MergeQueue(merges)
        for length in [1, 2, 3, 7, 39, 40, 41, 42, 64, 257] {
            for _ in 0..<20 {
                let symbols = (0..<length).map { _ in TokenID.random(in: 0..<6, using: &random) }
                var merged = symbols
                let count = merged.withUnsafeMutableBufferPointer { buffer in
                    buffer.baseAddress.map { queue.merge($0, length) } ?? 0
                }
                #expect(Array(merged[..<count]) == reference(symbols, merges))
            }
        }
    }
}
