import Evaluation
import Fixtures
import Foundation
import Statistics
import Testing
import Training

@testable import Pipeline

@Suite(.serialized) struct EvaluateStageTests {
    private let small: SmallPipeline

    init() throws {
        small = try SmallPipeline()
        let goals = ["dry a shoe", "boil an egg", "fold a map", "ring a bell", "sweep a floor", "tie a knot"]
        let lines = (0..<40).map {
            #"{"id": "p\#($0)", "query": "\#(goals[$0 % 6]) \#($0)", "choices": ["in the sun \#($0)", "by day"], "gold": \#($0 % 2)}"#
        }
        try small.folder.write(lines.joined(separator: "\n"), to: "piqa.jsonl")
        try small.folder.write(
            #"{"id": "l1", "context": "says little, but says it in whole", "target": " sentences"}"# + "\n"
                + #"{"id": "l2", "context": "Line 4 of a small", "target": " corpus"}"# + "\n"
                + #"{"id": "l3", "context": "Line 4 of a", "target": " small"}"#, to: "lambada-own.jsonl")
    }

    private func file(_ keys: String) throws -> PipelineFile {
        try PipelineFile(
            text: small.text + """

                  - id: scores
                    kind: evaluate
                    with: { models: [base, trained], data: packed, precision: float32, \(keys) }
                    runtime: { threads: 1 }
                """, path: small.folder.path("small.yaml"))
    }

    private func run(_ keys: String) throws -> Artifact {
        let run = try PipelineRun(
            file: try file(keys), runs: small.folder.path("runs"), options: RunOptions(),
            stop: StopFlag())
        _ = try run.run()
        return try #require(small.store.newest(of: stage("scores")))
    }

    private func problems(_ keys: String) throws -> String {
        do {
            let file = try file(keys)
            _ = try Planner(file: file, store: small.store).plan()
            return ""
        } catch let error as PipelineError { return "\(error)" }
    }

    @Test func measurementsHoldRowsAndQuestionsOfAllModels() throws {
        let piqa = small.folder.path("piqa.jsonl"), lambada = small.folder.path("lambada-own.jsonl")
        let keys = """
            rows: 3, tasks: ["\(piqa)", "\(lambada)"], split: all, throughput: { columns: 8, decoded: 2, repeats: 2 }
            """
        let artifact = try run(keys)
        let read = try JSONDecoder().decode(
            Measurements.self, from: Data(contentsOf: URL(filePath: artifact.file("measurements.json"))))
        #expect(read.schema == 1 && read.models.map(\.stage) == ["base", "trained"])
        let trained = try #require(small.store.newest(of: stage("trained")))
        let model = read.models[1]
        #expect(model.fingerprint == "\(trained.record.fingerprint)")
        #expect(model.domains?.map(\.domain) == ["words"])
        #expect(model.domains?[0].rowSums.count == 3 && model.domains?[0].rowTokens == [15, 15, 15])
        #expect(model.domains != read.models[0].domains)
        #expect(
            model.sizes?.halfPrecisionBytes == 2 * model.parameters && model.sizes?.storedBytes == 4 * model.parameters)
        #expect(try #require(model.sizes?.int8Bytes) < 2 * model.parameters)
        // Two layers of two key-value heads of 16 channels, keys and values, float32.
        #expect(model.keyValueBytesPerToken == 2 * 2 * 2 * 16 * 4)
        #expect(model.tasks?.map(\.task) == ["piqa", "lambada-own"])
        #expect(model.tasks?.map(\.metric) == ["acc_norm", "acc"] && model.tasks?.map(\.chance) == [0.5, 0])
        #expect(model.tasks?[0].items.map(\.id) == (0..<40).map { "p\($0)" })
        #expect(model.tasks?[1].items.allSatisfy { $0.correctNorm == nil } == true)
        #expect(model.throughput?.columns == 8 && model.throughput?.repeats == 2)
        // Other tests make and free tensors meanwhile, so the number itself means nothing here.
        #expect(model.peakMemoryBytes != nil)

        // The scores for readers say the same.
        let scores = try JSONDecoder().decode(
            [RecordValue].self, from: Data(contentsOf: URL(filePath: artifact.file("scores.json"))))
        let rows = try #require(model.domains?[0])
        let loss = rows.rowSums.reduce(0, +) / Double(rows.rowTokens.reduce(0, +))
        #expect(abs(try #require(scores[1]["mean_loss"]?.double) - loss) < 1e-9)
        guard case .array(let tasks)? = scores[1]["tasks"] else { Issue.record("no tasks"); return }
        let right = Double(try #require(model.tasks?[0].items.count { $0.correctNorm == true }))
        #expect(tasks[0]["value"]?.double == right / 40 && tasks[0]["chance"]?.double == 0.5)
        #expect(artifact.record.facts["models"] != nil)
    }

    @Test func nothingHeldOutIsNoResult() throws {
        #expect { try run("rows: { from: 1000 }") } throws: {
            "\($0)".contains("no domain of packed has held-out rows")
        }
        try small.folder.write(
            "schema: 1\nname: small\ndomains:\n  - { name: words, shards: [words.jsonl] }\n", to: "corpus.yaml")
        #expect { try run("rows: 4") } throws: { error in
            "\(error)".contains("packed has no held-out rows") && "\(error)".contains("validation_fraction")
        }
    }

    @Test func theReportHalfIsTheStandardAndALimitHolds() throws {
        let piqa = small.folder.path("piqa.jsonl")
        let artifact = try run(#"rows: 1, tasks: ["\#(piqa)"], task_limit: 7"#)
        let read = try JSONDecoder().decode(
            Measurements.self, from: Data(contentsOf: URL(filePath: artifact.file("measurements.json"))))
        let items = try #require(read.models[0].tasks?[0].items)
        #expect(items.count == 7 && items.allSatisfy { TaskSplit.report.contains($0.id) })
        #expect(read.models[0].tasks?[0].split == .report && read.models[0].throughput == nil)
        // Another content of the same file is another stage.
        try small.folder.write(#"{"id": "p9", "query": "x", "choices": ["a", "b"], "gold": 0}"#, to: "piqa.jsonl")
        let plan = try Planner(
            file: file(#"rows: 1, tasks: ["\#(piqa)"], task_limit: 7"#), store: small.store
        ).plan()
        guard case .run(let why)? = plan[stage("scores")]?.state else { Issue.record("cached"); return }
        #expect(why.contains("piqa.jsonl"))
    }

    @Test func badKeysAndFilesAreNamedInThePlan() throws {
        #expect(try problems(#"tasks: ["x/mine.jsonl"]"#).contains("name it after one of"))
        #expect(try problems(#"tasks: ["a/piqa.jsonl", "a/piqa.jsonl"]"#).contains("names a file twice"))
        #expect(try problems("split: half").contains("split"))
        #expect(try problems("throughput: { warmups: 1 }").contains("warmups"))
        #expect(try problems("throughput: { columms: 1 }").contains("columns"))
        let plan = try Planner(file: file(#"tasks: ["none/piqa.jsonl"]"#), store: small.store).plan()
        #expect(plan.missing.map(\.path) == ["none/piqa.jsonl"] && plan.missing.first?.role == "task file")
    }

    @Test func aBadLineStopsTheStageWithItsPlace() throws {
        let path = try small.folder.write(
            #"{"id": "a", "query": "x", "choices": ["a", "b"], "gold": 4}"#, to: "piqa-bad.jsonl")
        do {
            _ = try run(#"rows: 1, tasks: ["\#(path)"], split: all"#)
            Issue.record("the stage ran")
        } catch let error as PipelineError {
            #expect("\(error)".contains("piqa-bad.jsonl, line 1: `gold`") && error.category == .data)
        }
    }
}
