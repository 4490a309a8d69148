import Evaluation
import Fixtures
import Testing

@Suite struct EvaluationTaskTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func message(_ lines: [String], _ name: String = "arc_easy.jsonl") throws -> String {
        let path = try folder.write(lines.joined(separator: "\n"), to: name)
        do {
            let task = try EvaluationTask.load(path, split: .all)
            Issue.record("read \(task.questions.count) questions")
            return ""
        } catch { return "\(error)".replacing(folder.path + "/", with: "") }
    }

    private let good = #"{"id": "a", "query": "q", "choices": ["x", "y"], "gold": 1}"#

    @Test func badLinesAreNamedByFileAndLine() throws {
        #expect(try message([good, "{nonsense"]).hasPrefix("arc_easy.jsonl, line 2: is no JSON object"))
        #expect(try message([good, "", "[1]"]).hasPrefix("arc_easy.jsonl, line 3: is no JSON object"))
        #expect(try message([good, good]).contains("line 2: the id 'a' stands in line 1 already"))
        #expect(try message([#"{"id": "", "query": "q"}"#]).contains("line 1: has no `id`"))
        #expect(try message([#"{"id": "b", "choices": ["x", "y"], "gold": 1}"#]).contains("lacks `query`"))
        #expect(try message([#"{"id": "b", "query": 3, "choices": ["x", "y"], "gold": 1}"#]).contains("`query` is not"))
        #expect(try message([#"{"id": "b", "query": "q", "choices": "x", "gold": 1}"#]).contains("not a list"))
        #expect(try message([#"{"id": "b", "query": "q", "choices": ["x", " "], "gold": 1}"#]).contains("choice 1"))
        #expect(try message([#"{"id": "b", "query": "q", "choices": ["x"], "gold": 0}"#]).contains("has 1 choices"))
        #expect(try message([#"{"id": "b", "query": "q", "choices": ["x", "y"], "gold": 2}"#]).contains("0 to 1"))
        #expect(try message([#"{"id": "b", "context": "c"}"#], "lambada.jsonl").contains("lacks `target`"))
        #expect(try message([good], "mine.jsonl").contains("name it after one of arc_challenge, arc_easy"))
        #expect(try message([good], "winogrande.jsonl").contains("lacks `prefix`"))
        #expect(try message([""]).contains("holds no question"))
        #expect(EvaluationTask.problem(withName: "x/mine.jsonl") != nil)
        #expect(EvaluationTask.problem(withName: "x/piqa.jsonl") == nil)
        do {
            _ = try EvaluationTask.load(folder.path("piqa.jsonl"), split: .all)
            Issue.record("read a file that is not there")
        } catch { #expect("\(error)".contains("cannot be read")) }
    }

    @Test func theHalvesAreDisjointCompleteAndFixed() throws {
        var questions = RandomQuestions(seed: 3)
        let path = try questions.file(.piqa, count: 200, in: folder)
        let search = try EvaluationTask.load(path, split: .search).questions.map(\.id)
        let report = try EvaluationTask.load(path, split: .report).questions.map(\.id)
        let all = try EvaluationTask.load(path, split: .all).questions.map(\.id)
        #expect(all.count == 200 && Set(search).isDisjoint(with: report))
        #expect(Set(search).union(report) == Set(all))
        #expect(70...130 ~= search.count)
        // Which half a question is in must never change: scores would no longer be comparable.
        // Values of an independent implementation of the stream (SHA-256 and xoshiro256** in Python).
        #expect((0..<16).filter { TaskSplit.search.contains("piqa-\($0)") } == [1, 6, 10, 14, 15])
    }

    @Test func oneSplitCannotStandForTheOther() throws {
        var questions = RandomQuestions(seed: 4)
        let path = try questions.file(.piqa, count: 20, in: folder)
        try EvaluationTask.load(path, split: .search).require(.search, for: "a search")
        for (found, needed) in [(TaskSplit.report, TaskSplit.search), (.search, .report), (.all, .report)] {
            let task = try EvaluationTask.load(path, split: found)
            let error = #expect(throws: EvaluationError.self) { try task.require(needed, for: "this stage") }
            #expect(error.map { "\($0)" }?.contains("split: \(needed.rawValue)") == true)
        }
    }

    @Test func aLimitTakesTheSameQuestionsInWhateverOrderTheyStand() throws {
        var questions = RandomQuestions(seed: 5)
        let path = try questions.file(.piqa, count: 60, in: folder)
        let lines = String(decoding: try folder.read("piqa.jsonl"), as: UTF8.self).split(separator: "\n")
        let turned = try folder.write(lines.reversed().joined(separator: "\n"), to: "piqa-turned.jsonl")
        let some = try EvaluationTask.load(path, split: .report, limit: 10).questions.map(\.id)
        let others = try EvaluationTask.load(turned, split: .report, limit: 10).questions.map(\.id)
        #expect(some.count == 10 && some == others.reversed())
        #expect(try EvaluationTask.load(path, split: .report, limit: 500).questions.count > 10)
    }

    @Test func chanceIsTheMeanOverQuestions() throws {
        let path = try folder.write(
            good + "\n" + #"{"id": "b", "query": "q", "choices": ["x", "y", "z", "w"], "gold": 3}"#,
            to: "arc_easy.jsonl")
        #expect(try EvaluationTask.load(path, split: .all).chance == 0.375)
        var questions = RandomQuestions(seed: 6)
        #expect(try EvaluationTask.load(questions.file(.lambada, count: 3, in: folder), split: .all).chance == 0)
    }
}
