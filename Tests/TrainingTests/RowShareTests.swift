import Testing

@testable import Training

@Suite struct RowShareTests {
    @Test func theSharesOfAllRanksAreTheStepsRowsOnceInOrder() {
        for batchRows in 1...17 {
            for ranks in 1...6 {
                for micro in [nil, 1, 2, 3, 5, 40] {
                    var rows: [Int] = []
                    for rank in 0..<ranks {
                        let share = RowShare(batchRows: batchRows, microBatchRows: micro, rank: rank, ranks: ranks)
                        var own = 0
                        for part in share.parts {
                            // As the loader cuts a step.
                            let range = part * batchRows / share.count..<(part + 1) * batchRows / share.count
                            #expect(range.count <= micro ?? batchRows)
                            rows += range
                            own += range.count
                        }
                        #expect(own == (rank + 1) * batchRows / ranks - rank * batchRows / ranks)
                    }
                    #expect(rows == Array(0..<batchRows))
                }
            }
        }
    }

    @Test func fixedPartsAreTheSameMicroBatchesOnAnyNumberOfRanks() {
        for batchRows in 1...17 {
            for fixed in 1...9 {
                for micro in [nil, 1, 2, 3, 40] {
                    let alone = RowShare(batchRows: batchRows, microBatchRows: micro, fixedParts: fixed)
                    #expect(alone.fixedParts == fixed && alone.parts == 0..<alone.count)
                    for part in alone.parts {
                        let rows = (part + 1) * batchRows / alone.count - part * batchRows / alone.count
                        #expect(rows <= micro ?? batchRows && rows <= (batchRows + fixed - 1) / fixed)
                    }
                    for ranks in 1...10 {
                        let shares = (0..<ranks).map {
                            RowShare(
                                batchRows: batchRows, microBatchRows: micro, fixedParts: fixed, rank: $0, ranks: ranks)
                        }
                        #expect(shares.allSatisfy { $0.count == alone.count && $0.perFixedPart == alone.perFixedPart })
                        #expect(shares.flatMap { Array($0.parts) } == Array(alone.parts))
                        #expect(shares.allSatisfy { $0.parts.count % (alone.perFixedPart ?? 1) == 0 })
                    }
                }
            }
        }
    }
}
