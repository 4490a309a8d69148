import Corpus
import Evaluation
import Fixtures
import Foundation
import Search
import SuperNetwork
import Testing
import Training
import Transformer

@testable import Pipeline

/// Searches of a small super-network, through whole pipelines.
@Suite(.serialized) struct SearchStageTests {
    private func pipeline(_ keys: String = "method: linas, predictions: 60") throws -> SmallPipeline {
        try .ofSearch(keys)
    }

    private func search(_ small: SmallPipeline) throws -> Artifact {
        try #require(small.store.newest(of: stage("found")))
    }

    private func journal(_ artifact: Artifact) throws -> [MeasuredCandidate] {
        try SearchJournal.read(
            artifact.file("journal.csv"),
            objectives: [CandidateObjective.domainLoss.searched, CandidateObjective.parameters.searched])
    }

    /// Rows without their times, which no two runs have in common.
    private func rows(_ small: SmallPipeline) throws -> [String] {
        try String(contentsOfFile: search(small).file("journal.csv"), encoding: .utf8).split(separator: "\n").map {
            $0.split(separator: ",").dropLast().joined(separator: ",")
        }
    }

    @Test(arguments: ["linas, predictions: 60", "nsga2", "random"])
    func aSearchWithinSizesMeasuresNothingElse(_ method: String) throws {
        let free = try pipeline("method: random")
        try free.run()
        let sizes = try journal(search(free)).map { $0.scores[1] }.sorted()
        let (from, to) = (sizes[3], sizes[20])
        let bound = try pipeline("method: \(method), within: { parameters: { from: \(Int(from)), to: \(Int(to)) } }")
        try bound.run()
        let found = try journal(search(bound)).map { $0.scores[1] }
        // Fewer than asked for where the range holds fewer.
        #expect(found.count > 6 && found.allSatisfy { $0 >= from && $0 <= to }, "\(found.count)")
    }

    @Test func aSearchLeavesItsJournalAndItsFront() throws {
        let small = try pipeline()
        var shown: [Int] = []
        try small.run(
            observe: { event in
                if case .candidate(_, 24, ["domain_loss", "parameters"], let candidate) = event {
                    shown.append(candidate.id)
                }
            })
        #expect(shown == [0, 4, 9, 14, 19, 23])
        let artifact = try search(small)
        #expect(Set(artifact.record.files.map(\.path)) == ["journal.csv", "front.json"])
        let journal = try journal(artifact)
        #expect(journal.count == 24 && Set(journal.map(\.genome)).count == 24)
        #expect(journal.map(\.round) == (0..<24).map { $0 / 6 } && journal[..<6].allSatisfy { $0.method == .random })
        #expect(journal.contains { $0.method == .predicted })

        let summary = try JSONDecoder().decode(SearchSummary.self, from: Folder.read(artifact.file("front.json")))
        #expect(summary.hypervolumes.count == 24 && summary.method == .linas && summary.seed == 5)
        #expect(
            summary.front.members.allSatisfy {
                journal[$0.id].genome == $0.genome && journal[$0.id].scores == $0.scores
            })
        let facts = artifact.record.facts
        #expect(facts["knee"]?["id"]?.double == summary.front.knee.map { Double($0.id) })
        #expect(facts["hypervolume"]?.double == summary.front.hypervolume)
        #expect(facts["reference"]?["parameters"]?.double == summary.front.reference[1])

        // What the journal says is what the parts score on those rows, and their exact sizes.
        let elastic = try #require(small.store.newest(of: stage("elastic")))
        let packed = try #require(small.store.newest(of: stage("packed")))
        let space = try ElasticFile.read(from: elastic).space
        let model = try ModelFolder.load(elastic.file("model")).model
        let corpus = try PackedCorpus(at: packed.file("corpus"))
        for candidate in journal[..<4] {
            let slice = try model.sliced(by: space.view(of: candidate.genome))
            let loss = try #require(try DomainLoss(corpus: corpus, rowsPerDomain: 2).measure(slice).meanLoss)
            #expect(abs(candidate.scores[0] - loss) < 1e-5)
            #expect(candidate.scores[1] == Double(slice.architecture.parameterCount))
        }
        #expect(artifact.record.cost.tokens == 24 * 2 * 16 && artifact.record.cost.floatingPointOperations > 0)
        let planned = try #require(try small.plan()[stage("found")])
        #expect(planned.outlook.tokens == 24 * 2 * 16 && planned.outlook.memoryBytes ?? 0 > 0)
        #expect(try small.run().values.allSatisfy { $0 == "cached" })
    }

    @Test(arguments: ["method: linas, predictions: 60", "method: nsga2", "method: random"])
    func aSearchStoppedAtAnyCandidateEndsWithTheSameRows(keys: String) throws {
        let whole = try pipeline(keys)
        try whole.run()
        let broken = try pipeline(keys)
        for (attempt, stopAt) in [1, 6, 7, 17, 23].enumerated() {
            let stop = StopFlag()
            do {
                try broken.run(
                    stop: stop,
                    observe: { event in
                        if case .checkpoint(let id, stopAt) = event, id == stage("found") { stop.raise() }
                    })
                Issue.record("the search was not stopped")
            } catch let error as PipelineError {
                #expect(error.category == .interrupted && error.description.contains("after step \(stopAt)"))
            }
            guard case .resume(let step, 24, _)? = try broken.plan()[stage("found")]?.state else {
                Issue.record("the plan does not resume")
                return
            }
            #expect(step == stopAt)
            // A kill in the middle of a write leaves the beginning of a row.
            let partial = try #require(try broken.plan()[stage("found")]?.path) + ".partial/journal.csv"
            let handle = try #require(FileHandle(forWritingAtPath: partial))
            handle.seekToEndOfFile()
            handle.write(Data("\(stopAt),0-1-0".utf8.prefix(attempt * 2)))
            handle.closeFile()
        }
        #expect(try broken.run()["found"] == "resumed at 23")
        #expect(try rows(broken) == rows(whole))
        func front(_ small: SmallPipeline) throws -> Data { try Folder.read(search(small).file("front.json")) }
        #expect(try front(broken) == front(whole))
        #expect(try search(broken).record.cost.attempts == 6)
    }

    @Test func theJournalOfAnotherSearchIsRefused() throws {
        let small = try pipeline()
        let stop = StopFlag()
        _ = try? small.run(
            stop: stop, observe: { if case .checkpoint(_, 8) = $0 { stop.raise() } })
        let partial = try #require(try small.plan()[stage("found")]?.path) + ".partial/journal.csv"
        let text = try String(contentsOfFile: partial, encoding: .utf8)
        var lines = text.split(separator: "\n").map(String.init)
        lines.swapAt(7, 8)
        lines[7] = "6" + lines[7].dropFirst()
        lines[8] = "7" + lines[8].dropFirst()
        try (lines.joined(separator: "\n") + "\n").write(toFile: partial, atomically: false, encoding: .utf8)
        #expect { try small.run() } throws: { "\($0)".contains("Evaluation 6 of the journal is") }
        try text.replacing("domain_loss", with: "accuracy").write(toFile: partial, atomically: false, encoding: .utf8)
        #expect { try small.run() } throws: { "\($0)".contains("line 1") && "\($0)".contains("its columns are") }
    }

    @Test func whatDecidesNothingIsNotHashed() throws {
        func hashed(_ keys: String) throws -> String {
            guard case .search(let spec)? = try pipeline(keys).file()[stage("found")]?.stage else {
                throw PipelineError.mismatch("no search stage", remedy: "")
            }
            return RecordValue(spec).text
        }
        let random = try hashed("method: random")
        #expect(try random == hashed("method: random, task_limit: 3"))
        #expect(try random != hashed("method: nsga2"))
        #expect(try random != hashed("method: random, reference: { parameters: 90000 }"))
        #expect(try hashed("predictions: 60") != hashed("predictions: 61"))
    }

    @Test(
        arguments: [
            ("objectives: [domain_loss, parameters]", "objectives: [domain_loss]", "1 entries"),
            ("objectives: [domain_loss, parameters]", "objectives: [domain_loss, domain_loss]", "names one twice"),
            (
                "objectives: [domain_loss, parameters]", "objectives: [domain_los, parameters]",
                "did you mean 'domain_loss'?"
            ),
            ("objectives: [domain_loss, parameters]", "objectives: [parameters, fp16_bytes]", "one must be measured"),
            (
                "objectives: [domain_loss, parameters]", "objectives: [accuracy:piqa, parameters]",
                "without the objective domain_loss"
            ),
            (
                "objectives: [domain_loss, parameters]", "objectives: [domain_loss, accuracy:piqa]",
                "names no file piqa.jsonl"
            ),
            (
                "objectives: [domain_loss, parameters]", "objectives: [domain_loss, parameters], tasks: [x/piqa.jsonl]",
                "accuracy:piqa"
            ),
            ("packed, rows: 2", "packed, rows: 0", "which held-out rows the search may look at"),
            ("packed, rows: 2, ", "packed, ", "which held-out rows the search may look at"),
            ("data: packed, rows: 2, ", "", "domain_loss is measured on its held-out rows"),
            ("from: elastic", "from: base", "a super-network is wanted"),
            ("evaluations: 24, ", "", "'evaluations' is missing"),
            ("population: 6", "population: 1", "population"),
            ("predictions: 60", "predictions: 4", "fewer than a population of 6"),
            ("method: linas", "method: nsga2", "has no meaning for method: nsga2"),
            ("method: linas", "method: lunas", "did you mean 'linas'?"),
            ("method: linas", "throughput: { repeats: 2 }", "has no meaning without prefill_latency"),
            ("method: linas", "reference: { loss: 2 }", "is none of the objectives"),
        ])
    func aWrongSearchIsNamed(old: String, new: String, words: String) throws {
        let text = try pipeline().text
        #expect(text.contains(old))
        let found = problems(text.replacing(old, with: new, maxReplacements: 1)).map(\.description)
        #expect(found.contains { $0.contains(words) }, "\(found)")
    }

    @Test func rowsThatAreNotThereAreToldBeforeAnythingIsMeasured() throws {
        let small = try pipeline()
        let text = small.text.replacing("packed, rows: 2", with: "packed, rows: { from: 5000, count: 2 }")
        let file = try PipelineFile(text: text, path: "small.yaml")
        #expect {
            _ = try PipelineRun(
                file: file, runs: small.folder.path("runs"), options: RunOptions(), stop: StopFlag()
            ).run()
        } throws: {
            "\($0)".contains("rows 5000 to 5001")
        }
    }

    private func picked(_ pick: String, rows: String = "{ from: 2, count: 2 }") throws -> SmallPipeline {
        try .ofPick(pick, rows: rows)
    }

    @Test func picksTakeWhatTheySay() throws {
        let small = try picked("knee")
        #expect(try small.plan()[stage("chosen")]?.outlook.architecture == nil, "not known before the search")
        try small.run()
        let front = try SearchSpec.summary(of: search(small)).front
        let journal = try journal(search(small))
        func genome() throws -> String? {
            try #require(small.store.newest(of: stage("chosen"))).record.facts["genome"]?.text
        }
        #expect(try genome() == front.knee.map { "\($0.genome)" })
        #expect(try small.plan()[stage("chosen")]?.outlook.architecture != nil)
        try small.run(["chosen.pick=id:7"])
        #expect(try genome() == "\(journal[7].genome)")
        let bound = try #require(front.members.map { $0.scores[1] }.sorted().dropFirst().first)
        try small.run(["chosen.pick=parameters<=\(Int(bound))"])
        let within = front.members.filter { $0.scores[1] <= bound }.min { $0.scores[0] < $1.scores[0] }
        #expect(try genome() == within.map { "\($0.genome)" })
        for (pick, words) in [
            ("id:24", "name one of 0 to 23"), ("parameters<=10", "no candidate of the front"),
            ("fp16_bytes<=10", "is no objective of the search"),
        ] {
            #expect { try small.run(["chosen.pick=\(pick)"]) } throws: { "\($0)".contains(words) }
        }
    }

    @Test func aReportOnWhatASearchHasSeenIsRefused() throws {
        func messages(_ rows: String) throws -> String {
            problems(try picked("knee", rows: rows).text).map(\.description).joined()
        }
        #expect(try messages("{ from: 2 }").isEmpty)
        #expect(try messages("{ from: 2, count: 3 }").isEmpty)
        for rows in ["0", "1", "8", "{ from: 1 }", "{ from: 1, count: 1 }"] {
            let found = try messages(rows)
            #expect(found.contains("the search 'found' has chosen by rows 0 to 1"), "\(rows): \(found)")
            #expect(found.contains("state rows: { from: 2 }") && found.contains("scores.with.rows"), "\(found)")
        }
        // What no search has chosen may be measured on any rows.
        let other = try picked("knee", rows: "0").text.replacing(
            "models: [base, chosen]", with: "models: [base, trained]")
        #expect(problems(other).isEmpty)
        for wrong in ["pick: nee", "pick: id:-1", "pick: parameters<=many", "genome: full", "parameters: 9"] {
            let text = try picked("knee").text.replacing("pick: \"knee\"", with: wrong)
            #expect(problems(text).contains { $0.description.contains("pick") }, "\(wrong)")
        }
    }
}
