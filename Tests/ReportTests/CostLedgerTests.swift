import Report
import Testing

@Suite struct CostLedgerTests {
    private func stage(
        _ id: String, _ inputs: [String], trained: Int = 0, operations: Double = 0, memory: Int = 0, from: String? = nil
    ) -> LedgerStage {
        var cost = CostSum()
        cost.trainedTokens = trained
        cost.floatingPointOperations = operations
        cost.peakMemoryBytes = memory
        cost.wallSeconds = 1
        return LedgerStage(id: id, kind: "pretrain", inputs: inputs, start: from, trains: trained > 0, cost: cost)
    }

    /// A diamond: both arms rest on the source, one of them twice.
    private var ledger: CostLedger {
        CostLedger(
            stages: [
                stage("scores", ["b", "c"], operations: 1000),
                stage("b", ["a", "source"], trained: 20, operations: 200, memory: 7, from: "a"),
                stage("a", ["source"], trained: 10, operations: 100, memory: 9, from: "source"),
                stage("c", ["source", "outside"], trained: 5, operations: 50, memory: 3, from: "source"),
                stage("source", [], operations: 1, memory: 5),
            ], arms: [("first", "b"), ("second", "c")])
    }

    @Test func stagesOfALineageCountOnce() {
        let first = ledger.arms[0]
        #expect(first.stages == ["source", "a", "b"] && first.total.floatingPointOperations == 301)
        #expect(first.own.floatingPointOperations == 300 && first.common.floatingPointOperations == 1)
        #expect(first.total.trainedTokens == 30 && first.total.wallSeconds == 3)
        #expect(first.total.peakMemoryBytes == 9, "memory is the largest, not the sum")
        #expect(ledger.arms[1].stages == ["source", "c"] && ledger.shared == ["source"])
    }

    @Test func theFileCountsEveryStageOnce() {
        #expect(ledger.file.floatingPointOperations == 1351 && ledger.file.wallSeconds == 5)
        #expect(ledger.stages.map(\.id).last == "scores" && ledger.stages.first?.id == "source")
    }

    @Test func whatLiesBetweenTwoModelsIsTheRecovery() {
        #expect(ledger.cost(from: "a", to: "b").trainedTokens == 20)
        #expect(ledger.cost(from: "b", to: "b") == CostSum())
        #expect(ledger.chain(to: "b") == ["source", "a", "b"])
    }

    @Test func ownAndCommonMakeTheTotalForEveryArmOfTheSample() throws {
        let comparison = try Comparison(SampleComparison.input())
        for arm in comparison.ledger.arms {
            let parts = arm.own.floatingPointOperations + arm.common.floatingPointOperations
            #expect(parts == arm.total.floatingPointOperations)
            #expect(arm.total.wallSeconds <= comparison.ledger.file.wallSeconds)
        }
        let once = comparison.ledger.stages.reduce(0) { $0 + $1.cost.trainedTokens }
        #expect(comparison.ledger.file.trainedTokens == once)
    }
}
