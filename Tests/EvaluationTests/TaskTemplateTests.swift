import Fixtures
import Foundation
import Testing

@testable import Evaluation

@Suite struct TaskTemplateTests {
    /// `Tests/Fixtures/Golden/task_prompts.json`: what lm-evaluation-harness 0.4.9 makes of the same questions.
    private struct Golden: Decodable {
        struct Entry: Decodable {
            struct Question: Decodable {
                var id: String
                var context, query, category, title, prefix, suffix, target: String?
                var choices: [String]?
                var gold: Int?
            }
            var question: Question
            var requests: [[String]]
            var lengths: [Int]?
        }
        var harness: String
        var tasks: [String: [Entry]]
    }

    private static let golden: Golden? = try? JSONDecoder().decode(
        Golden.self, from: Data(contentsOf: URL(filePath: FixtureFiles.golden("task_prompts.json"))))

    @Test(arguments: TaskTemplate.allCases) func promptsAreThoseOfTheHarness(_ template: TaskTemplate) throws {
        let golden = try #require(Self.golden)
        #expect(golden.harness == "0.4.9")
        // The harness asks both ARC sets alike, from one file.
        let entries = try #require(golden.tasks[template == .arcChallenge ? "arc_easy" : template.rawValue])
        #expect(!entries.isEmpty)
        for entry in entries {
            let asked = template.requests(
                TaskQuestion(
                    id: entry.question.id, context: entry.question.context, query: entry.question.query,
                    choices: entry.question.choices ?? [], gold: entry.question.gold ?? 0,
                    category: entry.question.category, title: entry.question.title, prefix: entry.question.prefix,
                    suffix: entry.question.suffix, target: entry.question.target))
            #expect(asked.map { [$0.context, $0.continuation] } == entry.requests)
            if let lengths = entry.lengths { #expect(asked.map(\.length) == lengths) }
        }
    }

    @Test func filesAreAskedByTheTemplateTheyAreNamedAfter() {
        #expect(TaskTemplate(fileName: "piqa") == .piqa)
        #expect(TaskTemplate(fileName: "arc_easy-mine") == .arcEasy)
        #expect(TaskTemplate(fileName: "boolq.half") == .boolq)
        #expect(TaskTemplate(fileName: "piqa2") == nil)
        #expect(TaskTemplate(fileName: "arc") == nil)
    }

    @Test func bracketsThatALineDoesNotCloseStay() {
        #expect(TaskTemplate.withoutBrackets(" a [b\nc] d [e]f [g ") == "a [b\nc] d f [g")
        #expect(TaskTemplate.withoutBrackets("x [title] y    z") == "x. y  z")
    }
}
