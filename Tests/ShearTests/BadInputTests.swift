import Fixtures
import Foundation
import Testing

/// What bad input gives: an exit code and one message that names place and remedy; what is finished stays.
@Suite(.serialized) struct BadInputTests {
    /// A pipeline of two quick stages over a corpus in a folder of its own.
    struct Case {
        let folder: TemporaryDirectory

        init() throws {
            folder = try TemporaryDirectory()
            try folder.write(Case.records, to: "words.jsonl")
            try manifest(shard: "words.jsonl")
        }

        static let records =
            (0..<60).map { "{\"text\": \"Record \($0) says the same as all others: nothing much at all.\"}" }
            .joined(separator: "\n") + "\n"

        func manifest(shard: String, more: String = "") throws {
            try folder.write(
                """
                schema: 1
                name: words
                validation_fraction: 0.2
                \(more)
                domains:
                  - { name: words, shards: [\(shard)] }
                """, to: "corpus.yaml")
        }

        func pipeline(_ stages: String = "", base: String? = nil) throws {
            let architecture =
                "architecture: { vocabulary_size: 512, hidden_size: 32, layers: 2, heads: 2, intermediate_size: 48 }"
            let random = "{ weights: random, \(architecture), tokenizer: Tests/Fixtures/Text/tokenizer }"
            try folder.write(
                """
                name: bad
                stages:
                  - { id: base, kind: import, with: \(base ?? random) }
                  - { id: packed, kind: pack, with: { manifest: "\(folder.path("corpus.yaml"))", tokenizer: Tests/Fixtures/Text/tokenizer, sequence_length: 16 } }
                \(stages)
                """, to: "bad.yaml")
        }

        func run(_ more: [String] = []) throws -> ShearBinary.Outcome {
            try ShearBinary.run(["run", folder.path("bad.yaml"), "--runs", folder.path("runs")] + more)
        }

        /// The run fails with this code and a message of these parts, and keeps what was finished before.
        func expectFailure(_ code: Int32, _ parts: [String], keeps finished: [String] = ["base"], _ more: [String] = [])
            throws
        {
            let outcome = try run(more)
            #expect(outcome.code == code, "\(outcome)")
            let message = outcome.messages.split(separator: "\n").drop { !$0.hasPrefix("shear: ") }.joined(
                separator: "\n")
            for part in parts { #expect(message.contains(part), "no '\(part)' in: \(message)") }
            #expect(!outcome.messages.contains("Fatal error") && !outcome.messages.contains("terminate called"))
            for stage in finished {
                let left = ShearBinary.artifacts(stage, in: folder.path("runs"), pipeline: "bad").filter {
                    !$0.hasSuffix(".partial")
                }
                #expect(left.count == 1, "\(stage) was lost")
            }
        }
    }

    /// 40 records in one zstd frame of 265 bytes.
    private static let compressed = Data(
        base64Encoded: """
            KLUv/WRwC90HAGKOJxtwa9pwSjxp6LpmLE3/qsqQJCK0ZYqC6P7PPRaASCLw0WYqRCe80YzQTjwjno9W490eOtU+lfo+pWvSoyu6pvwe4VP9Tv8u79Z1\
            HpVXJStSox9ZN72Kzrx9n221qWozKSo6Uudi3gZEEsGZsxQUjIUFFmdh7KE07FkJWzS2nIZ5bDEM9iRsKcyyg6MwjymGaOzs4DSGhZDYIFmOZSWQTqgR\
            0ODX/zuwcwrSARL4bxBQFuAE//cHBEmPiMTZFN056pE2YVqbFeRmyGBD1yAb8hb0LfgYMSla8TBmULvAIDEHTtYOiclw3Tpld+wEkd05eSMux0EDAWwV\
            Wu8JVA==
            """)!

    @Test func truncatedShard() throws {
        let bad = try Case()
        try bad.folder.write(Array(Self.compressed), to: "whole.jsonl.zst")
        try bad.manifest(shard: "whole.jsonl.zst")
        try bad.pipeline()
        #expect(try bad.run().code == 0, "the whole shard is fine")
        try bad.folder.write(Array(Self.compressed.dropLast(30)), to: "cut.jsonl.zst")
        try bad.manifest(shard: "cut.jsonl.zst")
        try bad.expectFailure(65, ["stage packed", "cut.jsonl.zst", "truncated", "fetch it again"])
    }

    @Test func invalidUTF8() throws {
        let bad = try Case()
        try bad.folder.write(
            Array(Case.records.utf8) + Array("{\"text\": \"".utf8) + [0xC3, 0x28] + Array("\"}\n".utf8),
            to: "words.jsonl")
        try bad.pipeline()
        try bad.expectFailure(65, ["words.jsonl, line 61", "invalid UTF-8", "on_bad_record: skip"])
        try bad.manifest(shard: "words.jsonl", more: "on_bad_record: skip")
        #expect(try bad.run().code == 0, "skipping was asked for")
    }

    /// What `scripts/shear` asks before a run.
    @Test func whatTheTakenStagesMissIsListedAndNothingRuns() throws {
        let bad = try Case()
        let base = "{ weights: nowhere/model }, runtime: { obtain: scripts/fetch-it }"
        try bad.pipeline(base: base)
        let listed = try bad.run(["--missing"])
        #expect(listed.code == 0 && listed.output == "scripts/fetch-it\n" && listed.messages.isEmpty, "\(listed)")
        #expect(try bad.run(["--missing", "--only", "packed"]).output.isEmpty, "only base misses something")
        #expect(ShearBinary.artifacts("base", in: bad.folder.path("runs"), pipeline: "bad").isEmpty)
        let shape = "{vocabulary_size: 512, hidden_size: 32, layers: 2, heads: 2, intermediate_size: 48}"
        let overridden = [
            "--set", "base.weights=random", "--set", "base.architecture=\(shape)", "--set",
            "base.tokenizer=Tests/Fixtures/Text/tokenizer",
        ]
        #expect(try bad.run(["--missing"] + overridden).output.isEmpty, "the missing input is not asked for any more")
    }

    @Test func aBadLineIsToldWithTheAdviceOfTheCommandThatReadsIt() throws {
        let bad = try Case()
        try bad.folder.write(Case.records + "{}\n", to: "words.jsonl")
        let command = [
            "tokenize", "--tokenizer", "Tests/Fixtures/Text/tokenizer", "--input", bad.folder.path("words.jsonl"),
        ]
        let stopped = try ShearBinary.run(command)
        #expect(stopped.code == 65 && stopped.messages.contains("words.jsonl, line 61"), "\(stopped)")
        #expect(stopped.messages.contains("--skip-bad") && !stopped.messages.contains("manifest"))
        let skipped = try ShearBinary.run(command + ["--skip-bad"])
        #expect(skipped.code == 0 && skipped.messages.contains("left out 1"), "\(skipped)")
        #expect(skipped.output.split(separator: "\n").count == 60)
    }

    @Test func aLineOfFiftyMegabytes() throws {
        let bad = try Case()
        let long = "{\"text\": \"" + String(repeating: "a", count: 50 << 20) + "\"}\n"
        try bad.folder.write(Case.records + long, to: "words.jsonl")
        try bad.pipeline()
        try bad.expectFailure(65, ["words.jsonl, line 61", "max_document_bytes", "33554432"])
    }

    @Test func missingTextField() throws {
        let bad = try Case()
        try bad.folder.write(Case.records + "{\"content\": \"x\"}\n", to: "words.jsonl")
        try bad.pipeline()
        try bad.expectFailure(65, ["words.jsonl, line 61", "no field 'text'", "content"])
    }

    @Test func wrongDigest() throws {
        let bad = try Case()
        let zeros = String(repeating: "0", count: 64)
        try bad.folder.write(
            """
            schema: 1
            name: words
            validation_fraction: 0.2
            domains:
              - name: words
                shards: [words.jsonl]
                files: [{ path: words.jsonl, bytes: \(Case.records.utf8.count), sha256: "\(zeros)" }]
            """, to: "corpus.yaml")
        try bad.pipeline()
        try bad.expectFailure(65, ["words.jsonl", "SHA-256", zeros, "fetch the file again"])
    }

    @Test func emptyDomain() throws {
        let bad = try Case()
        try bad.manifest(shard: "nothing-*.jsonl")
        try bad.pipeline()
        try bad.expectFailure(65, ["domain 'words'", "nothing-*.jsonl", "corpus.yaml"], keeps: [])
    }

    @Test func vocabularyMismatch() throws {
        let bad = try Case()
        let small =
            "{ weights: random, architecture: { vocabulary_size: 300, hidden_size: 32, layers: 2, heads: 2, intermediate_size: 48 }, tokenizer: Tests/Fixtures/Text/tokenizer }"
        try bad.pipeline(
            "  - { id: trained, kind: pretrain, with: { start: base, data: packed, steps: 2, batch_rows: 1, rate: 1.0e-3, precision: float32 } }",
            base: small)
        try bad.expectFailure(
            65, ["stage trained", "vocabulary", "512", "300", "tokenizer"], keeps: ["base", "packed"])
    }

    @Test func impossibleTargets() throws {
        let bad = try Case()
        func cut(_ target: String) throws {
            try bad.pipeline(
                "  - { id: cut, kind: prune, with: { start: base, data: packed, method: random, target: \(target) } }")
        }
        try cut("{ layers: 3, hidden_size: 32, heads: 2, intermediate_size: 48 }")
        try bad.expectFailure(
            64, ["bad.yaml:5", "cut.with.target", "layers is 3, larger than the source's 2"], keeps: [])
        try cut("{ layers: 2, hidden_size: 32, heads: 3, key_value_heads: 2, intermediate_size: 48 }")
        try bad.expectFailure(64, ["cut.with.target", "3 heads do not divide into 2 key-value heads"], keeps: [])
    }

    @Test func unknownKeys() throws {
        let bad = try Case()
        try bad.pipeline("  - { id: cut, kind: prune, with: { start: base, data: packed, methd: random } }")
        try bad.expectFailure(
            64, ["bad.yaml:5", "unknown key 'methd'", "did you mean 'method'?", "'target' is missing"], keeps: [])
        try bad.pipeline()
        try bad.manifest(shard: "words.jsonl", more: "on_bad_recrod: skip")
        try bad.expectFailure(64, ["corpus.yaml:4", "on_bad_recrod", "did you mean 'on_bad_record'?"], keeps: [])
        try bad.expectFailure(
            64, ["--set packed.lenght=3", "unknown key 'lenght'"], keeps: [], ["--set", "packed.lenght=3"])
    }

    @Test func notANumberInTheLoss() throws {
        let bad = try Case()
        try bad.pipeline()
        #expect(try bad.run(["--until", "base"]).code == 0)
        let base = try #require(ShearBinary.artifacts("base", in: bad.folder.path("runs"), pipeline: "bad").first)
        let spoilt = bad.folder.path("spoilt")
        try FileManager.default.copyItem(atPath: base + "/model", toPath: spoilt)
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: spoilt + "/model.safetensors")))
        for index in bytes.indices.suffix(256) { bytes[index] = 0xFF }
        try Data(bytes).write(to: URL(fileURLWithPath: spoilt + "/model.safetensors"))
        try bad.pipeline(
            "  - { id: trained, kind: pretrain, with: { start: base, data: packed, steps: 2, batch_rows: 1, rate: 1.0e-3, precision: float32 } }",
            base: "{ weights: \"\(spoilt)\" }")
        let outcome = try bad.run()
        #expect(outcome.code == 65, "\(outcome)")
        for part in ["stage trained", "Step 1", "not a finite number", "words"] {
            #expect(outcome.messages.contains(part), "\(outcome.messages)")
        }
    }

    @Test func fullDisk() throws {
        let bad = try Case()
        try bad.pipeline()
        #expect(try bad.run(["--until", "base"]).code == 0)
        let plan = try ShearBinary.run([
            "plan", bad.folder.path("bad.yaml"), "--runs", bad.folder.path("runs"), "--json",
        ])
        let stages = try JSONSerialization.jsonObject(with: Data(plan.output.utf8)) as? [[String: Any]] ?? []
        let packed = try #require(stages.first { $0["id"] as? String == "packed" }?["path"] as? String)
        // The record's way to the disk leads to a device that is always full.
        try FileManager.default.createDirectory(atPath: packed + ".partial", withIntermediateDirectories: true)
        let link = packed + ".partial/stage.json.partial"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/dev/full")
        try bad.expectFailure(
            74, ["stage packed", "stage.json", "No space left on device", "free some disk space and run again"])
        try? FileManager.default.removeItem(atPath: link)
        #expect(try bad.run().code == 0, "with space again, the same command succeeds")
    }

    @Test func readOnlyFolder() throws {
        let bad = try Case()
        try bad.pipeline()
        #expect(try bad.run(["--until", "base"]).code == 0)
        let run = { (fault: [String: String]) in
            try ShearBinary.run(
                ["run", bad.folder.path("bad.yaml"), "--runs", bad.folder.path("runs")], environment: fault)
        }
        let mounted = try run(Faults.failing(.mkdir, "runs/bad/artifacts", with: EROFS))
        #expect(mounted.code == 74, "\(mounted)")
        for part in ["stage packed", "runs/bad/artifacts/packed", "Read-only file system", "choose a folder elsewhere"]
        {
            #expect(mounted.messages.contains(part), "\(mounted.messages)")
        }
        let forbidden = try run(Faults.failing(.open, "runs/bad/locks", with: EACCES))
        #expect(forbidden.code == 74 && forbidden.messages.contains("give this user the right"), "\(forbidden)")
        #expect(try bad.run().code == 0, "once it can be written, the same command succeeds")
    }

    @Test func unreadableCheckpoints() throws {
        let bad = try Case()
        try bad.pipeline(
            """
              - { id: trained, kind: pretrain, with: { start: base, data: packed, steps: 400, batch_rows: 2, rate: 1.0e-3, precision: float32, mixture: { exhausted: repeat } }, runtime: { threads: 1, checkpoint_every: 3 } }
            """)
        let running = try ShearBinary.Running(["run", bad.folder.path("bad.yaml"), "--runs", bad.folder.path("runs")])
        func checkpoints() -> [String] {
            let partial = ShearBinary.artifacts("trained", in: bad.folder.path("runs"), pipeline: "bad").first ?? ""
            let folder = partial + "/checkpoints"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return names.filter { $0.hasPrefix("step-") && $0.count == 13 }.sorted().map { folder + "/" + $0 }
        }
        while running.isRunning, checkpoints().count < 2 { usleep(3000) }
        running.send(SIGKILL)
        _ = try running.wait()
        let found = checkpoints()
        try #require(found.count >= 1)
        for checkpoint in found {
            let file = checkpoint + "/model.safetensors"
            let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
            try bytes.dropLast(100).write(to: URL(fileURLWithPath: file))
        }
        try bad.expectFailure(65, ["stage trained", "checkpoints", "model.safetensors"], keeps: ["base", "packed"])
    }

    @Test func damagedWeights() throws {
        let bad = try Case()
        try bad.pipeline()
        #expect(try bad.run(["--until", "base"]).code == 0)
        let base = try #require(ShearBinary.artifacts("base", in: bad.folder.path("runs"), pipeline: "bad").first)
        let model = bad.folder.path("damaged")
        try FileManager.default.copyItem(atPath: base + "/model", toPath: model)
        let file = URL(fileURLWithPath: model + "/model.safetensors")
        let whole = try Data(contentsOf: file)
        for (bytes, words) in [
            (whole.dropLast(100), "cut off"), (Data(whole.reversed()), "header"), (Data(), "model.safetensors"),
        ] {
            try bytes.write(to: file)
            try bad.pipeline(base: "{ weights: \"\(model)\" }")
            try bad.expectFailure(65, ["stage base", "model.safetensors", words], keeps: [])
            #expect(try ShearBinary.run(["inspect", file.path]).code == 65)
        }
        try FileManager.default.removeItem(at: file)
        try bad.expectFailure(65, ["damaged/*.safetensors", "missing"], keeps: [])
    }

    @Test func missingFiles() throws {
        let missing = try ShearBinary.run(["run", "pipelines/none.yaml"])
        #expect(missing.code == 65 && missing.messages.contains("pipelines/none.yaml"))
        let model = try ShearBinary.run(["generate", "--model", "none", "--prompt", "x"])
        #expect(model.code == 65 && model.messages.contains("none"))
        let nothing = try ShearBinary.run(["inspect", "none"])
        #expect(nothing.code == 65)
        let folder = try ShearBinary.run(["run", "pipelines"])
        #expect(folder.code == 65 && folder.messages.contains("pipelines is a folder"))
    }
}
