import Fixtures
import Foundation
import Testing
import Training

@testable import Pipeline

@Suite(.serialized) struct PipelineRunTests {
    @Test func aSecondRunFindsEverythingAndAChangeRunsWhatRestsOnIt() throws {
        let small = try SmallPipeline()
        let first = try small.run()
        #expect(first.values.allSatisfy { $0 == "ran: it has no artifact yet" } && first.count == 5)
        #expect(try small.run().values.allSatisfy { $0 == "cached" })
        #expect(try small.run(["trained.runtime.log_every=5"]).values.allSatisfy { $0 == "cached" })
        let changed = try small.run(["trained.rate=2.0e-3"])
        #expect(changed["base"] == "cached" && changed["packed"] == "cached")
        #expect(changed["trained"] == "ran: with.rate changed from 0.001 to 0.002")
        #expect(changed["exported"] == "ran: its input stage trained changed")
        // The first variant is still there.
        #expect(try small.run().values.allSatisfy { $0 == "cached" })
        // A new seed repeats only what chance decides, and what rests on it.
        let seeded = try small.run(["seed=6"])
        #expect(seeded["base"] == "ran: the seed changed from 5 to 6" && seeded["packed"] != nil)
    }

    @Test func theRecordTellsInputsLineageAndCost() throws {
        let small = try SmallPipeline()
        try small.run()
        let exported = try #require(small.store.newest(of: stage("exported")))
        #expect(exported.record.lineage.map(\.id.name) == ["trained", "base", "packed"])
        #expect(exported.record.inputs.map(\.key) == ["model"])
        let trained = try #require(small.store.newest(of: stage("trained")))
        #expect(trained.record.cost.tokens == 6 * 2 * 16 && trained.record.cost.attempts == 1)
        #expect(trained.record.cost.wallSeconds > 0 && trained.record.cost.peakMemoryBytes > 1 << 20)
        #expect(trained.record.with["steps"] == .integer(6) && trained.record.libtorchVersion == "2.11.0")
        #expect(
            Set(trained.record.files.map(\.path)).isSuperset(of: [
                "model/model.safetensors", "mixture.json", "metrics.jsonl",
            ]))
        let events = EventReader(path: small.store.root + "/events.jsonl").events()
        #expect(events.contains { if case .step(_, 6, 32, _) = $0.event { true } else { false } })
        #expect(events.contains { if case .runFinished = $0.event { true } else { false } })
    }

    @Test func fromUntilOnlyAndForceTakeWhatTheySay() throws {
        let small = try SmallPipeline()
        let until = try small.run(choosing: { $0.until = stage("packed") })
        #expect(Set(until.keys) == ["base", "packed"])
        #expect(throws: PipelineError.self) { try small.run(choosing: { $0.only = stage("exported") }) }
        #expect(throws: PipelineError.self) { try small.run(choosing: { $0.from = stage("nothing") }) }
        try small.run()
        let forced = try small.run(choosing: { options in
            options.from = stage("trained")
            options.force = true
        })
        #expect(forced["base"] == "cached" && forced["packed"] == "cached")
        #expect(forced["trained"] == "ran: it was asked for (--force)" && forced["cut"]?.hasPrefix("ran") == true)
        let only = try small.run(choosing: { options in
            options.only = stage("cut")
            options.force = true
        })
        #expect(only["cut"]?.hasPrefix("ran") == true && only["trained"] == "cached" && only["exported"] == "cached")
    }

    @Test func aDamagedArtifactIsMadeAgain() throws {
        let small = try SmallPipeline()
        try small.run(choosing: { $0.until = stage("packed") })
        let packed = try #require(small.store.newest(of: stage("packed")))
        let victim = packed.file("corpus/words/train.bin")
        var bytes = Array(try Data(contentsOf: URL(filePath: victim)))
        bytes[bytes.count / 2] ^= 1
        try Data(bytes).write(to: URL(filePath: victim))
        let again = try small.run(choosing: { $0.until = stage("packed") })
        #expect(again["packed"]?.contains("damaged") == true && again["packed"]?.contains("train.bin") == true)
        // New times alone are no damage.
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: victim)
        #expect(try small.run(choosing: { $0.until = stage("packed") })["packed"] == "cached")
    }

    @Test func aStoppedStageContinuesToTheSameBits() throws {
        let whole = try SmallPipeline()
        try whole.run(choosing: { $0.until = stage("trained") })
        let broken = try SmallPipeline()
        for round in 0..<2 {
            let stop = StopFlag()
            do {
                try broken.run(
                    stop: stop,
                    observe: { event in
                        if case .step(_, _, _, let metrics) = event, metrics.step == 2 * round + 1 { stop.raise() }
                    }, choosing: { $0.until = stage("trained") })
                Issue.record("the run was not stopped")
            } catch let error as PipelineError {
                #expect(error.category == .interrupted)
                #expect(error.description.contains("after step \(2 * round + 1)"))
            }
            let plan = try broken.plan()
            guard case .resume(let step, 6, _)? = plan[stage("trained")]?.state else {
                Issue.record("the plan does not resume")
                return
            }
            #expect(step == 2 * round + 1)
        }
        #expect(try broken.run(choosing: { $0.until = stage("trained") })["trained"] == "resumed at 3")
        func weights(_ small: SmallPipeline) throws -> Data {
            let artifact = try #require(small.store.newest(of: stage("trained")))
            return try Data(contentsOf: URL(filePath: artifact.file("model/model.safetensors")))
        }
        // The lineage in the header is the same too: fingerprints do not depend on the folder, but the manifest's path does.
        let left = try weights(whole), right = try weights(broken)
        #expect(left.suffix(200_000) == right.suffix(200_000))
        let cost = try #require(broken.store.newest(of: stage("trained"))).record.cost
        #expect(cost.attempts == 3)
    }

    @Test func aStoppedPackingCountsFiles() throws {
        let small = try SmallPipeline()
        let stop = StopFlag()
        #expect {
            try small.run(
                stop: stop,
                observe: { event in
                    if case .stageStarted(let id, _, _, _, _, _) = event, id.name == "packed" { stop.raise() }
                }, choosing: { $0.until = stage("packed") })
        } throws: { error in
            "\(error)".contains("while packing") || "\(error)".contains("after packing")
        }
        #expect("\(PipelineError.interrupted(signal: 15, step: 3, unit: .file))".contains("after packing 3 files"))
    }

    @Test func twoProcessesCannotWorkOnOneStage() throws {
        let folder = try TemporaryDirectory()
        let lock = try StageLock(at: folder.path("a.lock"))
        do {
            _ = try StageLock(at: folder.path("a.lock"))
            Issue.record("the second lock was given")
        } catch let error {
            guard case .locked(let owner, _) = error else { Issue.record("\(error)"); return }
            #expect(owner.processID == ProcessInfo.processInfo.processIdentifier)
            #expect(error.description.contains("process \(owner.processID) on \(owner.host)"))
            #expect(try owner.host == String(contentsOfFile: "/proc/sys/kernel/hostname", encoding: .utf8).dropLast())
        }
        #expect(StageLock.liveOwner(at: folder.path("a.lock")) != nil)
        _ = consume lock
        #expect(StageLock.liveOwner(at: folder.path("a.lock")) == nil)
        // What a dead process has left behind is taken over.
        try folder.write(#"{"host":"gone","processID":999999,"startedAt":1}"#, to: "b.lock")
        _ = try StageLock(at: folder.path("b.lock"))
    }

    @Test func missingInputsAreAllNamedBeforeAnythingRuns() throws {
        let small = try SmallPipeline()
        do {
            try small.run([
                "packed.manifest=none/corpus.yaml", "base.tokenizer=none/tokenizer.json",
                "base.runtime.obtain=scripts/fetch-it",
            ])
            Issue.record("the run went on")
        } catch let error as PipelineError {
            #expect(error.category == .data)
            for part in ["none/corpus.yaml", "none/tokenizer.json", "scripts/fetch-it"] {
                #expect(error.description.contains(part))
            }
        }
        let plan = try small.plan(["packed.manifest=none/corpus.yaml"])
        #expect(plan.missing.map(\.path) == ["none/corpus.yaml"])
        guard case .waiting(let id)? = plan[stage("exported")]?.state else { Issue.record("not waiting"); return }
        #expect(id.name == "packed")
    }

    /// `obtain` speaks of what the file names, not of what a `--set` puts in its place, and brings no manifest.
    @Test func aRemedyIsAboutTheInputThatIsMissing() throws {
        let small = try SmallPipeline()
        let manifest = small.folder.path("corpus.yaml")
        let away = small.folder.path("away.yaml")
        try small.folder.write(
            "{ schema: 1, name: away, root: \"${SHEARLING_NO_SUCH_CORPUS}\", domains: [{ name: a, shards: [a.jsonl] }] }\n",
            to: "away.yaml")
        func remedy(_ named: String, _ overrides: [String] = []) throws -> String {
            let text = small.text.replacing(
                "manifest: \"\(manifest)\", tokenizer: base, sequence_length: 16 }",
                with: "manifest: \"\(named)\", tokenizer: base, sequence_length: 16 }\n"
                    + "    runtime: { obtain: scripts/fetch-it }")
            let file = try PipelineFile(text: text, path: small.folder.path("small.yaml"), overrides: overrides)
            let missing = try Planner(file: file, store: small.store).plan().missing
            return try #require(missing.first).remedy
        }
        #expect(try remedy(away) == "scripts/fetch-it")
        let overridden = try remedy(manifest, ["packed.manifest=\(away)"])
        #expect(overridden.contains("SHEARLING_NO_SUCH_CORPUS") && !overridden.contains("fetch-it"))
        #expect(
            try remedy(manifest, ["packed.manifest=\(away)", "packed.runtime.obtain=ask"]) == "ask")
        #expect(try remedy("/none/corpus.yaml").contains("shear manifest"))
        // There beside the pipeline file, but not where the command runs.
        let moved = try remedy("corpus.yaml")
        #expect(
            moved.contains("run it in \(small.folder.path)") && moved.contains("where the command runs"), "\(moved)")
    }

    @Test func weightsAndReferencesMayNameDomainsByAnyOfTheirNames() throws {
        let small = try SmallPipeline()
        try small.folder.write(
            "{ schema: 1, name: wiki, domains: [{ name: wikipedia, shards: [words.jsonl], validation: [held.jsonl] }] }\n",
            to: "wiki.yaml")
        func run(_ mixture: String) throws {
            try small.run(
                ["packed.manifest=\(small.folder.path("wiki.yaml"))", "trained.mixture=\(mixture)"]
                    + ["trained.evaluate_every=3", "trained.evaluate_rows=1"],
                choosing: { $0.until = stage("trained") })
        }
        try run("{ weights: { RedPajamaWikipedia: 1 }, dynamic: { reference: { given: { wiki: 2 } } } }")
        let trained = try #require(small.store.newest(of: stage("trained")))
        let left = try JSONDecoder().decode(
            [String: Double].self, from: Data(contentsOf: URL(filePath: trained.file("mixture.json"))))
        #expect(left == ["wikipedia": 1])
        #expect { try run("{ weights: { wiki: 1, wikipedia: 1 } }") } throws: {
            "\($0)".contains("mixture.weights names the domain 'wikipedia' twice, as 'wiki' and 'wikipedia'")
        }
        #expect { try run("{ weights: { wikipedya: 1 } }") } throws: { "\($0)".contains("did you mean 'wikipedia'?") }
    }

    /// What is known of a large file is kept also when the last one looked at is small.
    @Test func digestsOfLargeFilesAreKeptWhateverComesAfterThem() throws {
        let folder = try TemporaryDirectory()
        let large = folder.path("large")
        try Data(repeating: 7, count: (1 << 20) + 1).write(to: URL(filePath: large))
        try folder.write("small", to: "small")
        let digests = Digests(cachePath: folder.path("digests.json"))
        let digest = try digests.sha256(of: large)
        _ = try digests.sha256(of: folder.path("small"))
        digests.save()
        let later = Digests(cachePath: folder.path("digests.json"), allowance: 0)
        #expect(try later.sha256(of: large) == digest && digest != nil)
    }
}
