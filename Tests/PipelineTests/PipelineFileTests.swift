import Corpus
import Foundation
import Shearing
import Testing

@testable import Pipeline

/// The problems of a pipeline text; empty when it decodes.
func problems(_ text: String, overrides: [String] = []) -> [SpecProblem] {
    do throws(PipelineError) {
        _ = try PipelineFile(text: text, path: "p.yaml", overrides: overrides)
        return []
    } catch {
        guard case .specification(let problems) = error else {
            return [SpecProblem(file: "?", line: nil, keyPath: "", reason: "\(error)")]
        }
        return problems
    }
}

/// A pipeline that decodes, to be spoilt one line at a time.
let soundText = """
    name: sound
    seed: 3
    stages:
      - id: base
        kind: import
        with:
          weights: random
          architecture: { vocabulary_size: 512, hidden_size: 32, layers: 2, heads: 2, intermediate_size: 48 }
          tokenizer: some/tokenizer.json
      - id: packed
        kind: pack
        with: { manifest: some.yaml, tokenizer: base, sequence_length: 32 }
      - id: sheared
        kind: prune
        with:
          start: base
          data: packed
          target: { layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 }
          steps: 20
          batch_rows: 2
          rate: 1.0e-3
          warmup_steps: 2
          mixture: { weights: uniform }
      - id: recovered
        kind: pretrain
        with: { start: sheared, data: packed, steps: 10, batch_rows: 2, rate: 1.0e-3, mixture: { weights: { carry: sheared } } }
      - id: scores
        kind: evaluate
        with: { models: [base, recovered], data: packed }
      - id: exported
        kind: export
        with: { model: recovered }
    """

@Suite struct PipelineFileTests {
    @Test func aFileOfThousandsOfStagesIsRefused() {
        let with = "with: { weights: random, architecture: smollm2-135m }"
        let stages = (0...1000).map { "  - { id: s\($0), kind: import, \(with) }\n" }.joined()
        #expect(problems("stages:\n" + stages).map(\.reason) == ["holds 1001 stages; 1000 are the most"])
    }

    /// Three numbers that would be a list of 16 million.
    @Test func choicesAreNotSpeltOutWithoutEnd() {
        let text = """
            stages:
              - id: base
                kind: super_network
                with: { space: { layers: [1], intermediate_sizes: { from: 0, to: 16777216, step: 1 } } }
            """
        #expect(problems(text).contains { $0.reason.contains("256 are the most") })
    }

    @Test func aSoundFileDecodesWithItsDefaults() throws {
        let file = try PipelineFile(text: soundText, path: "p.yaml")
        #expect(file.name == "sound" && file.seed == 3)
        #expect(file.stages.map(\.id.name) == ["base", "packed", "sheared", "recovered", "scores", "exported"])
        guard case .prune(let spec)? = file[stage("sheared")]?.stage else { Issue.record("no prune stage"); return }
        #expect(
            spec.method == .learned
                && spec.target
                    == .shape(.sizes(TargetArchitecture(layers: 1, hiddenSize: 16, heads: 1, intermediateSize: 24)))
        )
        #expect(spec.masks?.rampSteps == 4 && spec.masks?.constraint == .lagrangian)
        #expect(spec.training?.precision == .bfloat16 && spec.training?.mixture.exhausted == .repeat)
    }

    @Test(
        arguments: [
            ("", RowRange(), "0", "all rows"), (", rows: 0", RowRange(), "0", "all rows"),
            (", rows: 16", RowRange(count: 16), "16", "rows 0 to 15"),
            (", rows: { from: 16 }", RowRange(from: 16), "{\"from\":16}", "rows from 16 on"),
            (", rows: { from: 0, count: 1 }", RowRange(count: 1), "1", "row 0"),
            (
                ", rows: { from: 16, count: 8 }", RowRange(from: 16, count: 8), "{\"count\":8,\"from\":16}",
                "rows 16 to 23"
            ),
        ])
    func rowsAreANumberOrARange(key: String, rows: RowRange, hashed: String, words: String) throws {
        let text = soundText.replacing(
            "data: packed }\n  - id: exported", with: "data: packed\(key) }\n  - id: exported")
        guard case .evaluate(let spec)? = try PipelineFile(text: text, path: "p.yaml")[stage("scores")]?.stage else {
            Issue.record("no evaluate stage")
            return
        }
        #expect(spec.rows == rows && "\(spec.rows)" == words)
        #expect(RecordValue(spec)["rows"]?.text == hashed)
    }

    /// Ranges overlap where a domain of any length has a row in both.
    @Test func rowRangesOverlapWhereTheyShareARow() {
        for (one, other) in (0..<400).map({ ($0 / 20, $0 % 20) }) {
            let (a, b) = (RowRange(from: one % 5, count: one / 5), RowRange(from: other % 5, count: other / 5))
            let shared = Set(a.from..<a.from + (a.count ?? 0)).intersection(b.from..<b.from + (b.count ?? 0))
            #expect(a.overlaps(b) == !shared.isEmpty || a.count == 0 || b.count == 0)
            #expect(a.taken(of: 4) == (0..<4).count { $0 >= a.from && $0 < a.from + (a.count ?? 0) })
        }
        #expect(RowRange(from: 3).overlaps(RowRange(from: 900, count: 1)) && RowRange().overlaps(RowRange()))
        #expect(!RowRange(count: 3).overlaps(RowRange(from: 3)))
    }

    /// Each row: what is replaced in the sound text, by what, the line of the problem, and words its message must have.
    static let spoilt: [(old: String, new: String, line: Int, words: [String])] = [
        ("seed: 3", "sead: 3", 2, ["unknown key 'sead'", "did you mean 'seed'?"]),
        ("seed: 3", "seed: 03", 2, ["seed", "leading zero"]),
        ("seed: 3", "seed: -1", 2, ["seed", "-1"]),
        ("kind: pack", "kind: pakc", 11, ["'pakc'", "did you mean 'pack'?"]),
        (
            "      batch_rows: 2\n", "      batch_row: 2\n", 20,
            ["unknown key 'batch_row'", "did you mean 'batch_rows'?"]
        ),
        ("      steps: 20\n", "      steps: twenty\n", 19, ["sheared.with.steps", "integer"]),
        ("      steps: 20\n", "      steps: '20'\n", 19, ["sheared.with.steps", "quotes"]),
        ("      steps: 20\n", "      steps: 0\n", 19, ["sheared.with.steps", "0"]),
        ("      rate: 1.0e-3\n", "      rate: .nan\n", 21, ["not finite"]),
        ("      warmup_steps: 2\n", "      warmup_steps: 20\n", 22, ["warmup_steps", "not below steps"]),
        ("      warmup_steps: 2\n", "      ramp_steps: 21\n", 22, ["ramp_steps", "more than steps"]),
        ("      warmup_steps: 2\n", "      constraint: proyected\n", 22, ["did you mean 'projected'?"]),
        ("      warmup_steps: 2\n", "      importance_span: 0\n", 22, ["sheared.with.importance_span", "positive"]),
        ("      warmup_steps: 2\n", "      multiplier_bound: 0\n", 22, ["sheared.with.multiplier_bound", "positive"]),
        ("      warmup_steps: 2\n", "      method: oneshot\n", 19, ["steps", "no meaning for method: oneshot"]),
        (
            "data: packed\n      target", "data: base\n      target", 17,
            ["sheared.with.data", "makes a model", "a packed corpus is wanted"]
        ),
        ("start: base\n", "start: bsae\n", 16, ["no stage has the id 'bsae'", "did you mean 'base'?"]),
        ("{ model: recovered }", "{ model: recovered, dtype: float8 }", 32, ["dtype", "float8"]),
        ("{ model: recovered }", "{ model: exported }", 32, ["circle"]),
        ("id: scores", "id: base", 27, ["stages[4].id", "'base' is used twice"]),
        ("id: scores", "id: Scores", 27, ["lower-case"]),
        ("models: [base, recovered]", "models: []", 29, ["models", "empty"]),
        ("data: packed }\n  - id: exp", "data: packed, rows: { count: 8 } }\n  - id: exp", 29, ["'from' is missing"]),
        ("data: packed }\n  - id: exp", "data: packed, rows: -1 }\n  - id: exp", 29, ["rows", "-1"]),
        (
            "data: packed }\n  - id: exp", "data: packed, rows: { from: 1, cuont: 8 } }\n  - id: exp", 29,
            ["did you mean 'count'?"]
        ),
        ("{ carry: sheared }", "natrual", 26, ["natural"]),
        ("{ carry: sheared }", "{ a: 0, b: 0 }", 26, ["sums to 0"]),
        (
            "heads: 2, intermediate_size: 48", "heads: 3, intermediate_size: 48", 8,
            ["3 heads do not divide hidden_size 32"]
        ),
        ("weights: random\n", "weights: models/x\n      like: base\n", 8, ["like", "weights: random"]),
        (
            "mixture: { weights: uniform }", "mixture: { dynamic: { reference: { measured: base } } }", 16,
            ["evaluate_every"]
        ),
        (
            "mixture: { weights: uniform }", "mixture: { dynamic: { reference: { measured: base, given: { a: 1 } } } }",
            23, ["exactly one"]
        ),
    ]

    @Test(arguments: spoilt.indices) func aSpoiltFileNamesLineAndReason(_ index: Int) {
        let row = Self.spoilt[index]
        let isThere = soundText.contains(row.old)
        #expect(isThere, "the sound text lost \(row.old)")
        let spoilt = soundText.replacing(row.old, with: row.new, maxReplacements: 1)
        let found = problems(spoilt)
        let hit = found.contains { problem in
            problem.line == row.line && row.words.allSatisfy { problem.description.contains($0) }
        }
        #expect(hit, "\(row.new): found \(found.map(\.description))")
    }

    @Test func allProblemsOfAFileComeAtOnceInTheOrderOfItsLines() {
        let spoilt = soundText.replacing("seed: 3", with: "sead: 3").replacing("kind: pack\n", with: "kind: pakc\n")
            .replacing("      batch_rows: 2\n", with: "      batch_row: 2\n").replacing(
                "{ model: recovered }", with: "{ modle: recovered }")
        let lines = problems(spoilt).compactMap(\.line)
        #expect(Set(lines).isSuperset(of: [2, 11, 20, 32]))
        #expect(lines == lines.sorted())
    }

    /// A stage that is wrong is there all the same: those that read it have no problem of their own.
    @Test func aWrongStageIsNotSaidToBeAbsent() {
        let small = problems(
            """
            stages:
              - { id: base, kind: import, with: { weights: some/folder, lyke: x } }
              - { id: made, kind: packk, with: {} }
              - { id: first, kind: export, with: { model: base } }
              - { id: second, kind: export, with: { model: made } }
              - { id: third, kind: export, with: { model: bse } }
            """)
        #expect(small.count == 3, "\(small)")
        #expect(
            small.last?.description.contains(
                "no stage has the id 'bse'; the stages are base, made, first, second, third") == true)
    }

    @Test func referencesOfAWrongStageAreCheckedToo() {
        let found = problems(
            """
            stages:
              - { id: base, kind: import, with: { weights: some/folder } }
              - { id: cut, kind: export, with: { model: bse, shard_bytes: none, sort: x, sort: y } }
            """
        ).map(\.description).joined(separator: "\n")
        #expect(found.contains("did you mean 'base'?"), "\(found)")
        #expect(found.contains("shard_bytes") && found.contains("cut.with.sort: key written twice"), "\(found)")
    }

    /// Every key that a file may hold stands, explained, in one of the repository's.
    @Test func everyKeyIsExplainedInAPipelineFile() throws {
        func names<Key: CodingKey & CaseIterable>(_ keys: Key.Type) -> [String] { keys.allCases.map(\.stringValue) }
        let keys =
            names(RuntimeSettings.CodingKeys.self) + names(PackSpec.CodingKeys.self) + names(PruneSpec.CodingKeys.self)
            + names(MaskSpec.CodingKeys.self) + names(TrainingSpec.CodingKeys.self)
            + names(MixtureSpec.Dynamic.CodingKeys.self) + names(PretrainSpec.CodingKeys.self)
            + names(DistillSpec.CodingKeys.self) + names(SuperNetworkSpec.CodingKeys.self)
            + names(ElasticSpaceSpec.CodingKeys.self) + names(ExtractSpec.CodingKeys.self)
            + names(SearchSpec.CodingKeys.self) + names(EvaluateSpec.CodingKeys.self)
            + names(ExportSpec.CodingKeys.self) + names(ArchitectureSizes.CodingKeys.self)
            + names(CompareSpec.CodingKeys.self) + names(ArmSpec.CodingKeys.self)
            + names(ToleranceSpec.CodingKeys.self)
            + names(TargetSpec.CodingKeys.self) + ["weights", "architecture", "like", "given", "measured", "fitted"]
        let files = try PipelinePlanTests.pipelines.map {
            try String(contentsOfFile: SmallPipeline.repository + "/pipelines/" + $0, encoding: .utf8)
        }
        let words = Set(
            files.joined(separator: "\n").split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
                .map(String.init))
        for key in Set(keys) { #expect(words.contains(key + ":"), "no pipeline file shows \(key)") }
    }

    @Test func notYAMLIsToldWithItsPlace() {
        #expect(problems("stages: [").first?.file == "p.yaml")
        #expect(problems("name: a\nname: b\nstages: []").contains { $0.reason.contains("twice") })
        #expect(problems("stages: []").contains { $0.reason.contains("at least one stage") })
        #expect(!problems("").isEmpty)
    }
}

@Suite struct OverrideTests {
    private func training(_ overrides: [String]) throws -> TrainingSpec {
        let file = try PipelineFile(text: soundText, path: "p.yaml", overrides: overrides)
        guard case .prune(let spec)? = file[stage("sheared")]?.stage else {
            throw PipelineError.mismatch("no prune", remedy: "")
        }
        return try #require(spec.training)
    }

    @Test func valuesAreTypedAsInTheFileAndLaterOnesWin() throws {
        #expect(try training(["sheared.steps=40"]).steps == 40)
        #expect(try training(["sheared.steps=40", "sheared.steps=50"]).steps == 50)
        #expect(try training(["sheared.with.rate=2.0e-3"]).rate == 2e-3)
        #expect(try training(["sheared.mixture.weights={a: 1, b: 3}"]).mixture.weights == .given(["a": 1, "b": 3]))
        let file = try PipelineFile(
            text: soundText, path: "p.yaml", overrides: ["seed=99", "sheared.runtime.micro_batch=1"])
        #expect(file.seed == 99)
        #expect(try #require(file[stage("sheared")]).runtime.microBatch == 1)
    }

    @Test func aWrongOverrideIsToldAsSuch() {
        func message(_ text: String) -> String {
            problems(soundText, overrides: [text]).map(\.description).joined(separator: "\n")
        }
        #expect(message("sheared.stepz=4").contains("--set sheared.stepz=4"))
        #expect(message("sheared.stepz=4").contains("did you mean 'steps'?"))
        #expect(message("shared.steps=4").contains("did you mean 'sheared'?"))
        #expect(message("sheared.steps").contains("stage.key=value"))
        #expect(message("sheared.steps=many").contains("integer"))
        #expect(message("sheared=4").contains("unknown key 'sheared'"))
        #expect(message("sheared.steps.x=1").contains("no mapping"))
    }
}
