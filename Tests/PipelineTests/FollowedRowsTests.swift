import Testing

@testable import Pipeline

/// Reports on rows that a mixture followed.
@Suite struct FollowedRowsTests {
    private func notes(rows: String, evaluateRows: Int, mixture: String) throws -> [String] {
        var small = try SmallPipeline()
        small.more = """
              - id: followed
                kind: pretrain
                with: { start: trained, data: packed, steps: 4, batch_rows: 2, rate: 1.0e-3, evaluate_every: 2, evaluate_rows: \(evaluateRows), mixture: \(mixture) }
              - id: after
                kind: pretrain
                with: { start: followed, data: packed, steps: 4, batch_rows: 2, rate: 1.0e-3 }
              - id: scores
                kind: evaluate
                with: { models: [trained, after], data: packed, rows: \(rows) }
            """
        return try #require(small.plan()[stage("scores")]).outlook.notes
    }

    @Test func theyAreNotedInThePlanHoweverManyStagesLater() throws {
        let dynamic = "{ exhausted: repeat, dynamic: { reference: { measured: base } } }"
        let noted = try notes(rows: "8", evaluateRows: 4, mixture: dynamic)
        #expect(noted.count == 1 && noted[0].contains("reports on rows 0 to 7 of each domain of 'packed'"), "\(noted)")
        #expect(noted[0].contains("the mixture of 'followed' followed rows 0 to 3; state rows: { from: 4 }"))
        #expect(try notes(rows: "{ from: 4, count: 4 }", evaluateRows: 4, mixture: dynamic).isEmpty)
        #expect(try notes(rows: "{ from: 4 }", evaluateRows: 0, mixture: dynamic)[0].contains("evaluate_rows"))
        #expect(try notes(rows: "8", evaluateRows: 4, mixture: "{ weights: natural }").isEmpty)
    }
}
