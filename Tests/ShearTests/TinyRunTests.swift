import Fixtures
import Foundation
import Testing

/// `pipelines/tiny.yaml` through the built command.
@Suite(.serialized) struct TinyRunTests {
    /// One uninterrupted run, shared by the tests that compare with it.
    private static let reference = Result {
        let runs = try TemporaryDirectory()
        return (runs, try ShearBinary.run(["run", "pipelines/tiny.yaml", "--runs", runs.path]))
    }

    private func artifact(_ stage: String, _ runs: String) throws -> String {
        let found = ShearBinary.artifacts(stage, in: runs, pipeline: "tiny").filter { !$0.hasSuffix(".partial") }
        return try #require(found.first, "no artifact of \(stage)")
    }

    @Test func itRunsEndToEndAndTheSecondRunIsCached() throws {
        let (runs, first) = try Self.reference.get()
        #expect(first.code == 0, "\(first.messages)")
        for part in ["parameters", "205,376", "84,816", "recovered", "prose", "code", "mean", "exported: "] {
            #expect(first.output.contains(part), "the closing table lacks \(part)")
        }
        #expect(
            !first.output.contains("loss 5") && first.messages.contains("sheared"), "progress belongs to standard error"
        )
        let line = try #require(first.output.split(separator: "\n").first { $0.hasPrefix("exported: ") })
        let folder = String(line.dropFirst("exported: ".count))
        let config =
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: folder + "/config.json")))
            as? [String: Any]
        #expect(config?["hidden_size"] as? Int == 48 && config?["num_hidden_layers"] as? Int == 3)
        #expect(config?["num_attention_heads"] as? Int == 2 && config?["intermediate_size"] as? Int == 96)
        #expect(FileManager.default.fileExists(atPath: folder + "/tokenizer.json"))
        #expect(FileManager.default.fileExists(atPath: folder + "/README.md"))
        let report = try #require(first.output.split(separator: "\n").first { $0.hasPrefix("report: ") })
        let page = try String(contentsOfFile: String(report.dropFirst("report: ".count)), encoding: .utf8)
        #expect(
            page.contains("<h1>tiny</h1>") && page.contains("Masks of sheared")
                && page.contains("Hypervolume over evaluations"))
        #expect(first.output.contains("At equal parameters"), "the verdict is printed")

        let start = ContinuousClock.now
        let second = try ShearBinary.run(["run", "pipelines/tiny.yaml", "--runs", runs.path])
        #expect(second.code == 0 && ContinuousClock.now - start < .seconds(5))
        #expect(second.messages.split(separator: "\n").filter { $0.hasSuffix("cached") }.count == 13)
        #expect(try ShearBinary.run(["run", "pipelines/tiny.yaml", "--runs", runs.path, "--verify"]).code == 0)
        let plan = try ShearBinary.run(["plan", "pipelines/tiny.yaml", "--runs", runs.path])
        #expect(plan.output.contains("Nothing to do: every stage is cached."))
        let changed = try ShearBinary.run([
            "plan", "pipelines/tiny.yaml", "--runs", runs.path, "--set", "recovered.rate=1.0e-3",
        ])
        #expect(changed.output.contains("run: with.rate changed from 0.003 to 0.001"))
        let status = try ShearBinary.run(["status", "pipelines/tiny.yaml", "--runs", runs.path])
        #expect(status.code == 0 && status.output.contains("done"))
    }

    /// Kill -9 once in each training stage, at a step of its own after the first checkpoint, then run to the end.
    @Test func killedRunsEndWithTheSameBits() throws {
        let (reference, first) = try Self.reference.get()
        try #require(first.code == 0)
        let runs = try TemporaryDirectory()
        let arguments =
            ["run", "pipelines/tiny.yaml", "--runs", runs.path, "--until", "recovered"]
            + ["warmed", "sheared", "recovered"].flatMap { ["--set", "\($0).runtime.log_every=1"] }
        var killed: (stage: String, target: Int)?
        func expectResumed(_ messages: String) {
            guard let killed else { return }
            let hasResumed = messages.split(separator: "\n").contains {
                $0.hasPrefix("\(killed.stage) [") && $0.contains("resumes at step ")
            }
            #expect(hasResumed, "\(killed.stage) was killed at step \(killed.target): \(messages)")
        }
        for (stage, steps, checkpointEvery) in [("warmed", 40, 10), ("sheared", 24, 8), ("recovered", 30, 10)] {
            let target = Int.random(in: checkpointEvery + 1..<steps - 3)
            let running = try ShearBinary.Running(arguments)
            var seen = 0
            while running.isRunning, seen < target {
                usleep(3000)
                seen = lastStep(of: stage, in: runs.path("tiny/events.jsonl")) ?? 0
            }
            running.send(SIGKILL)
            let outcome = try running.wait()
            #expect(outcome.code == -SIGKILL, "\(stage) ended before step \(target): \(outcome.messages)")
            #expect(
                ShearBinary.artifacts(stage, in: runs.path, pipeline: "tiny").allSatisfy { $0.hasSuffix(".partial") },
                "\(stage) was finished when it was to be killed at step \(target)")
            expectResumed(outcome.messages)
            killed = (stage, target)
        }
        let last = try ShearBinary.run(arguments)
        #expect(last.code == 0, "killed at \(String(describing: killed)): \(last.messages)")
        expectResumed(last.messages)
        for (stage, file) in [
            ("warmed", "model/model.safetensors"), ("sheared", "masks.safetensors"),
            ("sheared", "model/model.safetensors"),
            ("recovered", "model/model.safetensors"), ("recovered", "mixture.json"),
        ] {
            let expected = try Data(contentsOf: URL(fileURLWithPath: try artifact(stage, reference.path) + "/" + file))
            let found = try Data(contentsOf: URL(fileURLWithPath: try artifact(stage, runs.path) + "/" + file))
            #expect(
                expected == found,
                "\(stage)/\(file) differs from the uninterrupted run; last killed: \(String(describing: killed))")
        }
    }

    @Test func aClockThatJumpsByDaysChangesNothing() throws {
        let (reference, first) = try Self.reference.get()
        try #require(first.code == 0)
        let runs = try TemporaryDirectory()
        let arguments =
            ["run", "pipelines/tiny.yaml", "--runs", runs.path, "--until", "warmed"]
            + ["--set", "warmed.runtime.log_every=1"]
        let running = try ShearBinary.Running(arguments, environment: Faults.jumpingClock)
        while running.isRunning, lastStep(of: "warmed", in: runs.path("tiny/events.jsonl")) ?? 0 < 12 { usleep(3000) }
        running.send(SIGKILL)
        _ = try running.wait()
        let last = try ShearBinary.run(arguments, environment: Faults.jumpingClock)
        #expect(last.code == 0 && last.messages.contains("warmed [pretrain] resumes at step"), "\(last.messages)")
        let path = "/model/model.safetensors"
        let expected = try Data(contentsOf: URL(fileURLWithPath: try artifact("warmed", reference.path) + path))
        #expect(try Data(contentsOf: URL(fileURLWithPath: try artifact("warmed", runs.path) + path)) == expected)
        let record = try Data(contentsOf: URL(fileURLWithPath: try artifact("warmed", runs.path) + "/stage.json"))
        let cost = (try JSONSerialization.jsonObject(with: record) as? [String: Any])?["cost"] as? [String: Any]
        let seconds = try #require(cost?["wallSeconds"] as? Double)
        #expect(seconds > 0 && seconds < 3600, "durations are of the clock that does not jump")
    }

    private func lastStep(of stage: String, in events: String) -> Int? {
        guard let text = try? String(contentsOfFile: events, encoding: .utf8) else { return nil }
        for line in text.split(separator: "\n").reversed() where line.hasSuffix("}") {
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let event = object["event"] as? [String: Any], let step = event["step"] as? [String: Any],
                step["id"] as? String == stage, let metrics = step["metrics"] as? [String: Any]
            else { continue }
            return metrics["step"] as? Int
        }
        return nil
    }

    @Test func terminationCheckpointsAndSaysHowToGoOn() throws {
        let runs = try TemporaryDirectory()
        let arguments =
            ["run", "pipelines/tiny.yaml", "--runs", runs.path, "--until", "warmed"]
            + ["--set", "warmed.runtime.log_every=1", "--set", "warmed.steps=4000"]
        let running = try ShearBinary.Running(arguments)
        while running.isRunning, lastStep(of: "warmed", in: runs.path("tiny/events.jsonl")) ?? 0 < 3 { usleep(3000) }
        running.send(SIGTERM)
        let outcome = try running.wait()
        #expect(outcome.code == 143, "\(outcome.messages)")
        #expect(outcome.messages.contains("run the same command again"))
        let plan = try ShearBinary.run([
            "plan", "pipelines/tiny.yaml", "--runs", runs.path, "--set", "warmed.steps=4000",
        ])
        #expect(plan.output.contains("warmed  [pretrain]  resume at step "))
    }

    @Test func questionsThatSearchesChooseByAreNotAskedUnlessWished() throws {
        let (runs, first) = try Self.reference.get()
        try #require(first.code == 0)
        let arguments = [
            "evaluate", "--model", try artifact("recovered", runs.path), "--task",
            "Tests/Fixtures/Text/tasks/piqa-sample.jsonl", "--json",
        ]
        let plain = try ShearBinary.run(arguments)
        try #require(plain.code == 0, "\(plain)")
        #expect(try ShearBinary.run(arguments + ["--split", "report"]).output == plain.output)
        #expect(try ShearBinary.run(arguments + ["--split", "all"]).output != plain.output)
        #expect(try ShearBinary.run(["evaluate", "--help"]).output.contains("(default: report)"))
    }

    @Test func aModelOfARunCanBeUsedByTheOtherCommands() throws {
        let (runs, first) = try Self.reference.get()
        try #require(first.code == 0)
        let model = try artifact("recovered", runs.path)
        try runs.write("[[5,6,7,8],[9],[10,11]]", to: "ids.json")
        let scores = try ShearBinary.run(["score", "--model", model, "--tokens", runs.path("ids.json")])
        let lines = scores.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map { line in
            (try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Double]) ?? nil
        }
        #expect(
            lines.map { $0?.count } == [3, 0, 1] && lines.allSatisfy { $0?.allSatisfy { $0 < 0 } == true }, "\(scores)")
        let whole = try ShearBinary.run([
            "score", "--model", model, "--tokens", runs.path("ids.json"), "--logits", runs.path("logits.safetensors"),
        ])
        #expect(whole.code == 0 && whole.output == scores.output)
        let logits = try Data(contentsOf: URL(filePath: runs.path("logits.safetensors")))
        #expect(logits.range(of: Data(#""0":{"dtype":"F32","shape":[1,4,"#.utf8)) != nil, "\(logits.prefix(200))")
        let outside = try ShearBinary.run([
            "score", "--model", model, "--tokens", runs.path("ids.json"), "--dtype", "int4",
        ])
        #expect(outside.code == 64)

        let text = try ShearBinary.run(["generate", "--model", model, "--prompt", "The model", "--count", "8"])
        #expect(text.code == 0 && text.output.count > 1, "\(text)")
        let long = try ShearBinary.run(["generate", "--model", model, "--prompt", "The model", "--count", "256"])
        #expect(long.code == 65 && long.messages.contains("256 positions"), "\(long)")
        let evaluation = try ShearBinary.run([
            "evaluate", "--model", model, "--manifest", "data-manifests/tiny.yaml", "--sequence-length", "64", "--json",
        ])
        #expect(evaluation.code == 0 && evaluation.output.contains("\"lossNats\""), "\(evaluation.messages)")

        let exported = runs.path("export")
        #expect(try ShearBinary.run(["export", "--model", model, "--to", exported, "--dtype", "float32"]).code == 0)
        let again = try ShearBinary.run(["export", "--model", model, "--to", exported])
        #expect(again.code == 65 && again.messages.contains("not empty"))

        let tokens = try ShearBinary.run([
            "tokenize", "--tokenizer", "Tests/Fixtures/Text/tokenizer", "--input",
            "Tests/Fixtures/Text/prose/validation.jsonl",
        ])
        #expect(tokens.code == 0 && tokens.output.hasPrefix("["))
        let marked = try ShearBinary.run([
            "tokenize", "--tokenizer", "Tests/Fixtures/Text/tokenizer", "--input",
            "Tests/Fixtures/Text/prose/validation.jsonl",
            "--bos", "--eos",
        ])
        #expect(marked.output.hasPrefix("[0,") && marked.output.hasSuffix(",1]\n"))

        for (path, words) in [
            ("data-manifests/tiny.yaml", ["prose", "Apache-2.0"]),
            (try artifact("packed", runs.path), ["tokens per row", "64"]),
            (
                try artifact("sheared", runs.path),
                ["hidden", "kept per row", "rests on", "84,816", "undecided", "asked", "tokens/s"]
            ),
            (exported, ["84,816", "lineage"]),
        ] {
            let shown = try ShearBinary.run(["inspect", path])
            #expect(shown.code == 0 && words.allSatisfy { shown.output.contains($0) }, "\(path): \(shown)")
        }
        let row = try ShearBinary.run([
            "inspect", try artifact("packed", runs.path), "--row", "code:3", "--tokenizer",
            "Tests/Fixtures/Text/tokenizer",
        ])
        #expect(row.output.contains("code/training.jsonl, line "), "\(row)")
        let manifest = try ShearBinary.run(["manifest", "Tests/Fixtures/Text"])
        #expect(manifest.code == 0 && manifest.output.contains("sha256"), "\(manifest)")
        let root = manifest.output.split(separator: "\n").first { $0.hasPrefix("root: ") }
        #expect(
            root?.contains("/Tests/Fixtures/Text") == true, "standard output may be put anywhere: \(manifest.output)")
    }

    @Test func helpAndVersionAreThere() throws {
        let help = try ShearBinary.run(["--help"])
        #expect(help.code == 0)
        for command in [
            "run", "launch", "plan", "status", "manifest", "tokenize", "evaluate", "score", "generate", "export",
            "inspect",
            "doctor",
        ] {
            #expect(help.output.contains("  \(command)"))
            #expect(try ShearBinary.run([command, "--help"]).code == 0)
        }
        #expect(try ShearBinary.run(["--version"]).output.hasPrefix("0."))
        #expect(try ShearBinary.run(["rnu"]).code == 64)
    }

    @Test func planOfThePublishedPipelineIsExact() throws {
        let runs = try TemporaryDirectory()
        let plan = try ShearBinary.run(["plan", "pipelines/llama2-7b-to-1.3b.yaml", "--runs", runs.path])
        for part in [
            "6,738,415,616", "1,345,423,360", "0.42 B", "50.3 B", "memory", "models/llama2-7b", "how to get it",
        ] {
            #expect(plan.output.contains(part), "the plan lacks \(part)")
        }
        // The time of the GPU that is here, or of a named one.
        #expect(plan.output.contains("on this GPU") || plan.output.contains("one A100 at 35%"))
    }
}
