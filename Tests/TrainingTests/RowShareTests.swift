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
}
