import Fixtures
import Foundation
import Testing
import Training

@testable import Pipeline

/// A stage id that a test writes out.
func stage(_ name: String) -> StageID {
    guard let id = StageID(name) else { preconditionFailure("\(name) is no stage id") }
    return id
}

/// A pipeline of quick stages in a folder of its own: import random weights, pack a few sentences, export.
struct SmallPipeline {
    let folder: TemporaryDirectory
    /// Layers of the random weights.
    var layers = 2
    /// Further stages, as they stand in the file.
    var more = ""
    /// The repository's root, for its small tokenizer.
    static let repository = String(#filePath.prefix(upTo: #filePath.range(of: "/Tests/")!.lowerBound))

    init() throws {
        folder = try TemporaryDirectory()
        let lines = (0..<40).map {
            "{\"text\": \"Line \($0) of a small corpus that says little, but says it in whole sentences.\"}"
        }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "words.jsonl")
        try folder.write(lines.prefix(9).joined(separator: "\n") + "\n", to: "held.jsonl")
        try folder.write(
            """
            schema: 1
            name: small
            domains:
              - { name: words, shards: [words.jsonl], validation: [held.jsonl] }
            """, to: "corpus.yaml")
    }

    /// One of four layers with a super-network `elastic` of them.
    /// - Parameters:
    ///   - keys: the super-network's, beside its inputs, batch and rate.
    ///   - more: stages after it.
    static func ofSuperNetwork(_ keys: String, runtime: String = "threads: 1", more: String) throws -> SmallPipeline {
        var small = try SmallPipeline()
        small.layers = 4
        small.more = """
              - id: elastic
                kind: super_network
                with: { start: base, data: packed, \(keys), batch_rows: 2, rate: 1.0e-3, precision: float32 }
                runtime: { \(runtime) }

            """ + more
        return small
    }

    var text: String {
        """
        name: small
        seed: 5
        stages:
          - id: base
            kind: import
            with:
              weights: random
              architecture: { vocabulary_size: 512, hidden_size: 32, layers: \(layers), heads: 2, intermediate_size: 48 }
              tokenizer: \(SmallPipeline.repository)/Tests/Fixtures/Text/tokenizer
          - id: packed
            kind: pack
            with: { manifest: "\(folder.path("corpus.yaml"))", tokenizer: base, sequence_length: 16 }
          - id: trained
            kind: pretrain
            with: { start: base, data: packed, steps: 6, batch_rows: 2, rate: 1.0e-3, precision: float32 }
            runtime: { threads: 1, log_every: 1, checkpoint_every: 2 }
          - id: cut
            kind: prune
            with: { start: trained, data: packed, method: random, target: { layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 } }
          - id: exported
            kind: export
            with: { model: trained, dtype: float32 }
        """ + "\n" + more
    }

    func file(_ overrides: [String] = []) throws -> PipelineFile {
        try PipelineFile(text: text, path: folder.path("small.yaml"), overrides: overrides)
    }

    var store: ArtifactStore { ArtifactStore(root: folder.path("runs/small")) }

    /// Runs it; returns what happened to each stage, by id.
    @discardableResult
    func run(
        _ overrides: [String] = [], stop: StopFlag = StopFlag(), observe: @escaping (RunEvent) -> Void = { _ in },
        choosing options: (inout RunOptions) -> Void = { _ in }
    ) throws -> [String: String] {
        var chosen = RunOptions()
        options(&chosen)
        var happened: [String: String] = [:]
        let run = try PipelineRun(
            file: try file(overrides), runs: folder.path("runs"), options: chosen, stop: stop,
            observe: { event in
                switch event {
                case .stageCached(let id, _, _): happened[id.name] = "cached"
                case .stageStarted(let id, _, _, let why, let resumesAt, _):
                    happened[id.name] = resumesAt.map { "resumed at \($0)" } ?? "ran: \(why)"
                default: break
                }
                observe(event)
            })
        _ = try run.run()
        return happened
    }

    func plan(_ overrides: [String] = []) throws -> PipelinePlan {
        try Planner(file: file(overrides), store: store).plan()
    }
}
