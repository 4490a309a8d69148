import Fixtures
import Foundation
import Report
import Statistics
import SuperNetwork
import Testing
import Transformer

@testable import Pipeline

@Suite(.serialized) struct CompareStageTests {
    /// Two cuts of one shape, one of them trained on, and the model they were cut from.
    private static let stages = """
          - id: recovered
            kind: pretrain
            with: { start: cut, data: packed, steps: 4, batch_rows: 2, rate: 1.0e-3, precision: float32, evaluate_every: 2 }
            runtime: { threads: 1, log_every: 1 }
          - id: other
            kind: prune
            with: { start: trained, data: packed, method: random, seed: 9, target: { layers: 1, hidden_size: 16, heads: 1, intermediate_size: 24 } }
          - id: scores
            kind: evaluate
            with: { models: [trained, cut, recovered, other], data: packed, precision: float32 }
            runtime: { threads: 1 }
        """
    private static let comparison = """
          - id: compared
            kind: compare
            with:
              arms:
                - { name: "a <b>&\\"c\\"", method: random, model: recovered, before: cut }
                - { name: other, method: random, model: other }
                - { name: source, method: dense, model: trained }
              scores: [scores]
              match: [parameters]
              resamples: 200
        """

    private func pipeline(_ comparison: String = Self.comparison) throws -> SmallPipeline {
        var small = try SmallPipeline()
        small.more = Self.stages + "\n" + comparison
        return small
    }

    private func comparison(_ artifact: Artifact) throws -> Comparison {
        try JSONDecoder().decode(
            Comparison.self, from: Data(contentsOf: URL(filePath: artifact.file("comparison.json"))))
    }

    @Test func itReadsWhatWasMeasuredAndWhatItCost() throws {
        let small = try pipeline()
        try small.run()
        let artifact = try #require(small.store.newest(of: stage("compared")))
        let found = try comparison(artifact)
        #expect(found.reference == "a <b>&\"c\"" && found.seed == 5 && found.resamples == 200)
        #expect(found.losses.map(\.regime) == [.before, .full] && found.losses[1].entries.count == 3)
        #expect(found.matches.first?.matched == ["other"])
        let measured = try #require(small.store.newest(of: stage("scores"))).record.facts["models"]
        guard case .array(let models)? = measured else { Issue.record("no facts of scores"); return }
        for model in models {
            guard let name = model["stage"]?.text, let loss = model["mean_loss"]?.double else { continue }
            let entries = found.losses.flatMap(\.entries).filter { $0.stage == name }
            #expect(!entries.isEmpty && entries.allSatisfy { abs($0.mean.value - loss) < 1e-9 }, "\(name)")
        }
        // The ledger is that of the records; packing reads no model, so its tokens do not count.
        let arm = try #require(found.ledger.arms.first)
        #expect(arm.stages == ["base", "packed", "trained", "cut", "recovered"])
        // `trained` is evaluated at its end, `recovered` twice.
        let packed = try #require(small.store.newest(of: stage("packed"))).record.facts["validation_rows"]
        let rows = Int(try #require(packed?["words"]?.double))
        #expect(arm.total.trainedTokens == 6 * 2 * 16 + 4 * 2 * 16 && arm.total.readTokens == 3 * rows * 16)
        #expect(found.ledger.shared.contains("trained") && found.recovery.arms.map(\.trainedTokens) == [4 * 2 * 16])
        for entry in found.ledger.stages {
            let record = try #require(small.store.newest(of: stage(entry.id))).record
            #expect(entry.cost.wallSeconds == record.cost.wallSeconds)
            #expect(entry.cost.floatingPointOperations == record.cost.floatingPointOperations)
        }
        #expect(
            found.ledger.stages.contains { $0.id == "scores" } && !found.ledger.stages.contains { $0.id == "exported" })
        #expect(found.ledger.chain(to: "recovered") == ["base", "trained", "cut", "recovered"])
    }

    @Test func theReportIsTheSameBytesEachTimeAndLiesBesideTheArtifacts() throws {
        let small = try pipeline()
        try small.run()
        let place = small.store.root + "/report.html"
        func bytes() throws -> [Data] {
            let artifact = try #require(small.store.newest(of: stage("compared")))
            return try ["report.html", "comparison.json", "comparison.csv"].map {
                try Data(contentsOf: URL(filePath: artifact.file($0)))
            }
        }
        let first = try bytes()
        #expect(try Data(contentsOf: URL(filePath: place)) == first[0])
        let page = String(decoding: first[0], as: UTF8.self)
        #expect(page.contains("a &lt;b&gt;&amp;&quot;c&quot;") && !page.contains("a <b>"))
        #expect(page.contains("Loss over training tokens"), "the log of the recovery is drawn")
        try small.run(choosing: { options in
            options.only = stage("compared")
            options.force = true
        })
        #expect(try bytes() == first)
        try FileManager.default.removeItem(atPath: place)
        #expect(try small.run()["compared"] == "cached")
        #expect(FileManager.default.fileExists(atPath: place), "a cached report is found as well")
    }

    @Test func whatCannotBeComparedIsRefusedBeforeAnythingRuns() throws {
        func problems(_ old: String, _ new: String) -> String {
            let text = Self.comparison.replacing(old, with: new)
            do {
                _ = try pipeline(text).plan()
                return ""
            } catch { return "\(error)" }
        }
        #expect(problems("match: [parameters]", "match: []") == "")
        let unmatched = problems("match: [parameters]", "match: [parameters]\n      reference: source")
        #expect(unmatched.contains("compared.with.match") && unmatched.contains("no arm lies within 1 % of 'source'"))
        #expect(unmatched.contains("nearest is 'a <b>") && unmatched.contains("parameters"))
        #expect(problems("match: [parameters]", "match: [parameters]\n      tolerance: { parameters: 0.99 }") == "")
        let unmeasured = problems("model: other }", "model: exported }")
        #expect(
            unmeasured.contains("arms[1].model") && unmeasured.contains("'exported' is not among the models of scores"))
        #expect(problems("match: [parameters]", "reference: nobody").contains("no arm has the name 'nobody'"))
        #expect(problems("name: other", "name: source").contains("'source' is used twice"))
        #expect(problems("before: cut", "before: recovered").contains("names a stage twice"))
        #expect(problems("method: dense", "method: dnese").contains("did you mean 'dense'"))
        #expect(problems("scores: [scores]", "scores: [packed]").contains("makes a packed corpus; scores is wanted"))
        #expect(problems("resamples: 200", "resamples: 1").contains("is not in"))
    }

    /// SmolLM2-135M's faithful space has 76,997,952 parameters and more, and a sub-network of about 86.5 M.
    @Test(arguments: [(26, 512, 6, 3, 1152, false), (20, 384, 6, 3, 1024, true)])
    func aSpaceThatCannotReachTheReferenceIsRefused(
        layers: Int, hidden: Int, heads: Int, groups: Int, intermediate: Int, isRefused: Bool
    ) throws {
        let source = ArchitecturePreset.smolLM2135M.architecture
        let space = ElasticSpace(
            layerCounts: [22, 26, 30], intermediateSizes: [[Int]](repeating: [768, 1536], count: 30))
        var picked = StageOutlook()
        picked.choices = try SubNetworkSizes(space, of: source)
        var sheared = StageOutlook()
        sheared.architecture = Architecture(
            vocabularySize: 49_152, hiddenSize: hidden, headSize: 64,
            blocks: [BlockShape](
                repeating: BlockShape(
                    queryHeads: heads, keyValueHeads: groups, intermediateSize: intermediate), count: layers),
            normEpsilon: 1e-5, ropeTheta: 100_000, tiedEmbeddings: true, maximumPositions: 8192)
        var scores = StageOutlook()
        scores.measures = [stage("sheared"), stage("picked"), stage("cut")]
        let spec = CompareSpec(
            arms: [
                ArmSpec(name: "targeted", method: .targeted, model: stage("sheared")),
                ArmSpec(name: "nas", method: .nas, model: stage("picked")),
                // An arm that does match is no excuse for one that cannot.
                ArmSpec(name: "oneshot", method: .oneshot, model: stage("cut")),
            ], scores: [stage("scores")], search: [], match: [.parameters], tolerance: ToleranceSpec(), cacheTokens: 0,
            resamples: 100)
        let found = spec.outlook(
            OutlookContext(
                outlooks: [
                    stage("sheared"): sheared, stage("picked"): picked, stage("cut"): sheared,
                    stage("scores"): scores,
                ], artifacts: [:],
                runtime: RuntimeSettings(), seed: 1))
        #expect(found.problems.map(\.keyPath) == (isRefused ? ["arms[1].model"] : []))
        #expect(!isRefused || found.problems[0].reason.contains("'nas' with at best 76,997,952"), "\(found.problems)")
    }
}
