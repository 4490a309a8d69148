import Evaluation
import Fixtures
import Foundation
import Testing
import Torch
import Training

@testable import Pipeline

/// Pipelines that several ranks run together, against the same pipelines alone.
@Suite(.serialized) struct RankedRunTests {
    private func small() throws -> SmallPipeline {
        var small = try SmallPipeline()
        small.more = """
              - id: sheared
                kind: prune
                with:
                  start: trained
                  data: packed
                  method: learned
                  target: { layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 }
                  steps: 6
                  batch_rows: 4
                  rate: 1.0e-3
                  precision: float32
                  constraint: projected
                  mask_start: importance
                  calibration_batches: 1
                  ramp_steps: 3
                  mask_rate: 0.1
                  evaluate_every: 3
                  mixture: { exhausted: repeat, dynamic: { reference: { measured: trained }, at_start: true } }
                runtime: { threads: 1, log_every: 1, checkpoint_every: 2, micro_batch: 1 }
            """
        return small
    }

    /// What a rank made of a run: the error's description, or what happened to each stage on rank 0.
    private static func run(
        _ small: SmallPipeline, in runs: String, _ group: ProcessGroup, overrides: [String] = [],
        stops: [StopFlag]? = nil, until: String? = nil, observe: @escaping (RunEvent) -> Void = { _ in }
    ) throws -> [String: String] {
        let file = try small.file(overrides)
        let stop = stops?[group.rank] ?? StopFlag()
        guard group.isFirst else {
            try PipelineFollower(file: file, stop: stop, group: group).run()
            return [:]
        }
        var options = RunOptions()
        options.until = until.map { stage($0) }
        var happened: [String: String] = [:]
        let run = try PipelineRun(
            file: file, runs: small.folder.path(runs), options: options, stop: stop, group: group,
            observe: { event in
                if case .stageStarted(let id, _, _, let why, let resumesAt, _) = event {
                    happened[id.name] = resumesAt.map { "resumed at \($0)" } ?? why
                }
                observe(event)
            })
        _ = try run.run()
        return happened
    }

    /// The weights of a stage's model, by tensor.
    private func weights(_ small: SmallPipeline, _ runs: String, _ id: String) throws -> [String: [Float]] {
        let store = ArtifactStore(root: small.folder.path("\(runs)/small"))
        let artifact = try #require(store.newest(of: stage(id)))
        let file = try SafetensorsFile(path: artifact.file("model/model.safetensors"))
        return try Dictionary(uniqueKeysWithValues: file.names.map { ($0, try file.tensor($0).floats()) })
    }

    /// `||difference|| / ||weights||` of each tensor, the largest of them.
    private func distance(_ one: [String: [Float]], _ other: [String: [Float]]) -> Double {
        func norm(_ values: some Sequence<Double>) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        return one.map { name, values in
            guard let others = other[name], others.count == values.count else { return .infinity }
            let difference = norm(zip(values, others).map { Double($0) - Double($1) })
            return difference == 0 ? 0 : difference / norm(others.map(Double.init))
        }.max() ?? .infinity
    }

    private func names(_ small: SmallPipeline, _ runs: String) -> [String] {
        Folder.names(in: small.folder.path("\(runs)/small/artifacts")).sorted()
    }

    @Test func ranksMakeTheSameArtifactsUnderTheSameNames() throws {
        let small = try small()
        try small.run()
        let alone = small.store
        let happened = try inAllRanks(3) { try Self.run(small, in: "ranked", $0) }
        #expect(happened[0].count == 6 && happened[1].isEmpty)
        #expect(names(small, "ranked") == names(small, "runs"))
        for id in ["trained", "sheared"] {
            let difference = distance(try weights(small, "ranked", id), try weights(small, "runs", id))
            #expect(difference <= 1e-5, "\(id)")
        }
        let records = try [alone, ArtifactStore(root: small.folder.path("ranked/small"))].map {
            try #require($0.newest(of: stage("sheared"))).record
        }
        let losses = records.compactMap { $0.facts["mean_loss"]?.double }
        #expect(losses.count == 2 && abs(losses[0] - losses[1]) <= 1e-5)
        #expect(records[0].cost.tokens == records[1].cost.tokens)
        let files = records.map { record in record.files.map(\.path).filter { !$0.hasPrefix("tb/") }.sorted() }
        #expect(files[0] == files[1])
        // Only rank 0 tells what happens: each step once.
        let events = EventReader(path: small.folder.path("ranked/small/events.jsonl")).events()
        let steps = events.filter { if case .step(stage("sheared"), _, _, _) = $0.event { true } else { false } }
        #expect(steps.count == 6)
        // A second run finds everything, alone or not.
        #expect(try inAllRanks(2) { try Self.run(small, in: "ranked", $0) }[0].isEmpty)
    }

    @Test func ranksPackMeasureAndSearchTogetherToTheSameBits() throws {
        let folder = try TemporaryDirectory()
        let questions = (0..<12).map {
            #"{"id": "p\#($0)", "query": "dry a shoe \#($0)", "choices": ["in the sun \#($0)", "by day"], "gold": \#($0 % 2)}"#
        }
        try folder.write(questions.joined(separator: "\n"), to: "piqa.jsonl")
        let small = try SmallPipeline.ofSuperNetwork(
            "space: { layers: [2, 3, 4], intermediate_sizes: [24, 48] }, order: unchanged, steps: 2",
            runtime: "threads: 1, parts: 2",
            more: """
                  - id: found
                    kind: search
                    with: { from: elastic, data: packed, rows: { from: 0, count: 4 }, objectives: [domain_loss, parameters], evaluations: 8, population: 4, precision: float32 }
                    runtime: { threads: 1, micro_batch: 1 }
                  - id: scores
                    kind: evaluate
                    with: { models: [base], data: packed, rows: { from: 4 }, precision: float32, tasks: ["\(folder.path("piqa.jsonl"))"], split: report, throughput: { columns: 8, decoded: 2, repeats: 2 } }
                    runtime: { threads: 1, micro_batch: 1 }
                """)
        try small.run()
        let happened = try inAllRanks(3) { try Self.run(small, in: "ranked", $0) }
        #expect(happened[0].keys.contains("found") && happened[1].isEmpty)
        func artifact(_ runs: String, _ id: String) throws -> Artifact {
            try #require(ArtifactStore(root: small.folder.path("\(runs)/small")).newest(of: stage(id)))
        }
        func text(_ artifact: Artifact, _ name: String) throws -> String {
            String(decoding: try Folder.read(artifact.file(name)), as: UTF8.self)
        }
        let (ranked, alone) = (try artifact("ranked", "packed"), try artifact("runs", "packed"))
        #expect(ranked.record.files.map(\.sha256) == alone.record.files.map(\.sha256))
        let journals = try ["ranked", "runs"].map { runs in
            try text(artifact(runs, "found"), "journal.csv").split(separator: "\n").map {
                $0.split(separator: ",").dropLast()
            }
        }
        #expect(journals[0].count == 9 && journals[0] == journals[1])
        var measured: [Measurements] = []
        for runs in ["ranked", "runs"] {
            let scores = try artifact(runs, "scores")
            var found = try JSONDecoder().decode(Measurements.self, from: Folder.read(scores.file("measurements.json")))
            for index in found.models.indices {
                #expect(found.models[index].throughput != nil)
                found.models[index].throughput = nil
                found.models[index].peakMemoryBytes = nil
            }
            measured.append(found)
        }
        #expect(measured[0] == measured[1] && measured[0].models[0].tasks?.isEmpty == false)
    }

    @Test func aStopOfOneRankInterruptsAllAndTheRunGoesOnWithOthers() throws {
        let small = try small()
        try small.run(choosing: { $0.until = stage("trained") })
        let stops = (0..<2).map { _ in StopFlag() }
        let results = try inRanks(2) { group in
            try Self.run(
                small, in: "ranked", group, stops: stops, until: "trained",
                observe: { event in
                    if case .step(_, _, _, let metrics) = event, metrics.step == 3 { stops[1].raise() }
                })
        }
        // Rank 1 may see its flag a step later: it does not wait for what rank 0 tells.
        let reasons = results.map { result in
            if case .failure(let error) = result { "\(error)" } else { "it went through" }
        }
        let step = reasons[0].contains("after step 3") ? 3 : 4
        #expect(reasons.allSatisfy { $0.hasPrefix("stage trained: stopped by SIGINT after step \(step)") })
        let resumed = try inAllRanks(3) { try Self.run(small, in: "ranked", $0, until: "trained") }
        #expect(resumed[0] == ["trained": "resumed at \(step)"])
        #expect(distance(try weights(small, "ranked", "trained"), try weights(small, "runs", "trained")) <= 1e-5)
    }

    @Test func aStopWhileRankZeroWorksAloneInterruptsAll() throws {
        let small = try small()
        let stops = (0..<2).map { _ in StopFlag() }
        let results = try inRanks(2) { group in
            try Self.run(
                small, in: "ranked", group, stops: stops,
                observe: { event in
                    if case .stageStarted(stage("packed"), _, _, _, _, _) = event { stops[0].raise() }
                })
        }
        for result in results { #expect { try result.get() } throws: { "\($0)".contains("stopped by SIGINT") } }
    }

    @Test func aRankWithAnotherFileIsRefused() throws {
        let small = try small()
        let results = try inRanks(2, limits: GroupLimits(waitSeconds: 60, silenceSeconds: 3)) { group in
            try Self.run(
                small, in: "ranked", group, overrides: group.isFirst ? [] : ["trained.rate=2.0e-3"], until: "trained")
        }
        #expect { try results[1].get() } throws: { "\($0)".contains("rank 1 reads another") }
        #expect { try results[0].get() } throws: {
            "\($0)".contains("rank 1 has left the group: stage trained: rank 1")
        }
    }
}
