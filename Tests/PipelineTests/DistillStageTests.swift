import Fixtures
import Testing
import Transformer

@testable import Pipeline

@Suite struct DistillStageTests {
    @Test func aDistilledStageCountsItsTeacherAndNamesItAmongItsInputs() throws {
        let small = try SmallPipeline()
        let plain = try #require(try small.plan()[stage("trained")]).outlook
        let chosen = "trained.distill={ teacher: base, weight: 0.5, temperature: 2.5 }"
        let planned = try #require(try small.plan([chosen])[stage("trained")])
        let teacher = CostModel(try #require(plain.architecture))
        let forward = 6 * 2 * 16 * teacher.forwardFLOPsPerToken(sequenceLength: 16)
        let operations = try #require(planned.outlook.floatingPointOperations)
        #expect(operations == (plain.floatingPointOperations ?? 0) + forward)
        #expect((planned.outlook.memoryBytes ?? 0) > (plain.memoryBytes ?? 0) + teacher.parameterCount * 4)

        try small.run([chosen], choosing: { $0.until = stage("trained") })
        let record = try #require(small.store.newest(of: stage("trained"))).record
        let read = try #require(record.facts["read_tokens"]?.double)
        let evaluation = read * teacher.forwardFLOPsPerToken(sequenceLength: 16)
        #expect(read > 0 && record.cost.floatingPointOperations == operations + evaluation, "the closing evaluation")
        #expect(record.inputs.map(\.key) == ["start", "data", "distill.teacher"])
        #expect(record.with["distill"]?["temperature"] == .number(2.5))
        // Another teacher, weight or temperature is another artifact; none at all is the plain one.
        let changed = try small.run(["trained.distill={ teacher: base }"], choosing: { $0.until = stage("trained") })
        #expect(changed["trained"]?.hasPrefix("ran: with.distill.temperature changed") == true, "\(changed)")
    }

    @Test func aTeacherOfAnotherVocabularyIsAProblemOfThePlan() throws {
        let small = try SmallPipeline()
        let other = """
              - id: foreign
                kind: import
                with:
                  weights: random
                  architecture: { vocabulary_size: 500, hidden_size: 32, layers: 1, heads: 2, intermediate_size: 48 }
                  tokenizer: \(SmallPipeline.repository)/Tests/Fixtures/Text/tokenizer
              - id: packed
            """
        let text = small.text.replacing("  - id: packed", with: other, maxReplacements: 1)
        let file = try PipelineFile(
            text: text, path: "small.yaml", overrides: ["trained.distill.teacher=foreign"])
        #expect {
            try Planner(file: file, store: small.store).plan()
        } throws: {
            "\($0)".contains("trained.with.distill.teacher") && "\($0)".contains("500 tokens, the student one of 512")
        }
    }

    @Test func theKeysOfDistillationAreStrict() {
        let small =
            "{ start: sheared, data: packed, steps: 10, batch_rows: 2, rate: 1.0e-3, mixture: { weights: { carry: sheared } } }"
        func message(_ distill: String) -> String {
            let text = soundText.replacing(small, with: small.dropLast(2) + ", distill: \(distill) }")
            return problems(text).map(\.description).joined(separator: "\n")
        }
        #expect(message("{ teacher: base }").isEmpty)
        #expect(message("{ techer: base }").contains("did you mean 'teacher'?"))
        #expect(message("{ weight: 0.5 }").contains("'teacher' is missing"))
        #expect(message("{ teacher: base, weight: 1.5 }").contains("1.5"))
        #expect(message("{ teacher: packed }").contains("makes a packed corpus; a model is wanted"))
    }
}
