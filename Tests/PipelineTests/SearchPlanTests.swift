import Fixtures
import SuperNetwork
import Testing
import Transformer

@testable import Pipeline

extension SmallPipeline {
    /// The small pipeline with four layers, a super-network of 84 parts, and a search of 24 of them.
    static func ofSearch(_ keys: String) throws -> SmallPipeline {
        try .ofSuperNetwork(
            "space: { layers: [2, 3, 4], intermediate_sizes: [24, 48] }, order: unchanged, steps: 2",
            more: """
                  - id: found
                    kind: search
                    with: { from: elastic, data: packed, rows: 2, objectives: [domain_loss, parameters], evaluations: 24, population: 6, precision: float32, \(keys) }
                    runtime: { threads: 1, log_every: 5 }
                """)
    }

    /// The same with an extraction that picks, and a report of it.
    static func ofPick(_ pick: String, rows: String = "{ from: 2, count: 2 }") throws -> SmallPipeline {
        var small = try ofSearch("method: random")
        small.more +=
            "\n" + """
                  - { id: chosen, kind: extract, with: { from: elastic, search: found, pick: "\(pick)" } }
                  - { id: scores, kind: evaluate, with: { models: [base, chosen], data: packed, rows: \(rows), precision: float32 } }
                """
        return small
    }
}

/// What a plan knows of a search and of what is picked from it, before anything runs.
@Suite struct SearchPlanTests {
    @Test func aPickThatTheSearchCannotHaveIsRefusedInThePlan() throws {
        func refusal(_ overrides: [String], _ change: (String) -> String = { $0 }) throws -> String {
            let small = try SmallPipeline.ofPick("knee")
            do {
                let file = try PipelineFile(
                    text: change(small.text), path: small.folder.path("small.yaml"), overrides: overrides)
                _ = try Planner(file: file, store: small.store).plan()
                return ""
            } catch { return "\(error)" }
        }
        #expect(try refusal([]).isEmpty)
        let unknown = try refusal(["chosen.pick=decode_latency<=5"])
        #expect(unknown.contains("chosen.with.pick") && unknown.contains("no objective of the search 'found'"))
        #expect(unknown.contains("domain_loss, parameters"))
        let beyond = try refusal(["chosen.pick=id:24"])
        #expect(beyond.contains("'found' measures 24 candidates") && beyond.contains("0 to 23"))
        let other = try refusal([]) { text in
            text.replacing(
                "  - id: found",
                with: """
                      - id: second
                        kind: super_network
                        with: { start: base, data: packed, space: { layers: [2, 4], intermediate_sizes: [24, 48] }, order: unchanged, steps: 2, batch_rows: 2, rate: 1.0e-3 }
                      - id: found
                    """
            ).replacing("{ from: elastic, search: found", with: "{ from: second, search: found")
        }
        #expect(other.contains("chosen.with.search") && other.contains("searches the super-network 'elastic'"))
    }

    @Test func recoveryOfAPartNotChosenYetIsReckonedWithTheLargest() throws {
        func plan(_ pick: String, _ within: String = "") throws -> (chosen: StageOutlook, tuned: StageOutlook) {
            var small = try SmallPipeline.ofPick(pick)
            if !within.isEmpty {
                small.more = small.more.replacing("method: random", with: "method: random, within: \(within)")
            }
            small.more +=
                "\n  - { id: tuned, kind: pretrain, with: { start: chosen, data: packed, steps: 3, batch_rows: 2, rate: 1.0e-3, precision: float32 } }"
            let plan = try small.plan()
            return try (#require(plan[stage("chosen")]).outlook, #require(plan[stage("tuned")]).outlook)
        }
        let free = try plan("knee")
        let sizes = try #require(free.chosen.choices)
        let most = try #require(free.tuned.largestChoice)
        #expect(most.parameterCount == sizes.parameterRange.upperBound && free.tuned.architecture == nil)
        #expect(free.tuned.tokens == 3 * 2 * 16 && free.tuned.memoryBytes ?? 0 > 0 && free.tuned.diskBytes ?? 0 > 0)
        #expect(
            free.tuned.floatingPointOperations == 96 * CostModel(most).trainingFLOPsPerToken(sequenceLength: 16))
        #expect(free.tuned.notes.contains { $0.hasPrefix("at most") })
        let middle = (sizes.parameterRange.lowerBound + sizes.parameterRange.upperBound) / 2
        for bound in [
            try plan("parameters<=\(middle)"),
            try plan("best", "{ parameters: { from: \(sizes.parameterRange.lowerBound), to: \(middle) } }"),
        ] {
            #expect(bound.tuned.largestChoice?.parameterCount == sizes.closest(toParameters: middle).parameters)
            #expect(bound.tuned.floatingPointOperations ?? .infinity < free.tuned.floatingPointOperations ?? 0)
        }
    }

    @Test func aReportOnTheSameTextUnderAnotherNameIsRefused() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("corpus.yaml")
        func pack(_ length: Int, _ manifest: String? = nil, _ more: String = "") -> String {
            "{ manifest: \"\(manifest ?? path)\", tokenizer: base, sequence_length: \(length)\(more) }"
        }
        func messages(_ length: Int, rows: String, manifest: String? = nil, more: String = "") throws -> String {
            let small = try SmallPipeline.ofPick("knee", rows: rows)
            let own = small.folder.path("corpus.yaml")
            let text = small.text.replacing(own, with: path).replacing(
                "  - id: trained",
                with: "  - id: again\n    kind: pack\n    with: \(pack(length, manifest, more))\n  - id: trained"
            ).replacing("models: [base, chosen], data: packed,", with: "models: [base, chosen], data: again,")
            return problems(text).map(\.description).joined()
        }
        // The search saw rows 0 and 1 of 16 tokens each.
        #expect(try messages(16, rows: "{ from: 1 }").contains("the same text, packed from the same manifest"))
        #expect(try messages(16, rows: "{ from: 2 }").isEmpty)
        #expect(
            try messages(32, rows: "{ from: 0, count: 1 }").contains("'found' has chosen by rows 0 to 1 of 'packed'"))
        #expect(try messages(32, rows: "{ from: 1 }").isEmpty)
        #expect(try messages(8, rows: "{ from: 3, count: 1 }").contains("the same text"))
        #expect(try messages(8, rows: "{ from: 4 }").isEmpty)
        #expect(
            try messages(16, rows: "{ from: 900 }", more: ", packing: keep-all").contains("cannot be told from these"))
        let detour = folder.path("./corpus.yaml")
        #expect(try messages(16, rows: "0", manifest: detour).contains("the same text"))
        #expect(try messages(16, rows: "0", manifest: folder.path("other.yaml")).isEmpty)
    }

    @Test func aTaskFileIsTheSameHoweverItsPathIsWritten() throws {
        func messages(_ path: String, split: String) throws -> String {
            let small = try SmallPipeline.ofPick("knee")
            let text = small.text.replacing(
                "objectives: [domain_loss, parameters]",
                with: "objectives: [domain_loss, \"accuracy:piqa\"], tasks: [x/piqa.jsonl]"
            ).replacing(
                "models: [base, chosen], data: packed,",
                with: "models: [base, chosen], data: packed, tasks: [\(path)], split: \(split),")
            return problems(text).map(\.description).joined()
        }
        for path in ["x/piqa.jsonl", "./x/piqa.jsonl", "x/../x/piqa.jsonl", "x//piqa.jsonl"] {
            #expect(try messages(path, split: "all").contains("has chosen by 'search'; state split: report"), "\(path)")
            #expect(try messages(path, split: "report").isEmpty, "\(path)")
        }
        #expect(try messages("y/piqa.jsonl", split: "all").isEmpty)
    }
}
