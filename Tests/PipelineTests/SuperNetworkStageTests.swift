import Corpus
import Fixtures
import Foundation
import Search
import SuperNetwork
import Testing
import Torch
import Training
import Transformer

@testable import Pipeline

/// Super-networks and what is taken out of them, through whole pipelines.
@Suite(.serialized) struct SuperNetworkStageTests {
    /// The small pipeline with four layers, a super-network and parts of it.
    private func pipeline(_ schedule: String = "alternating") throws -> SmallPipeline {
        try .ofSuperNetwork(
            """
            space: { layers: [2, 3, 4], intermediate_sizes: { from: 16, to: 48, step: 16 } }, protected_layers: 1, \
            calibration_batches: 2, schedule: \(schedule), distill: { teacher: base, weight: 0.5 }, steps: 6
            """, runtime: "threads: 1, log_every: 1, checkpoint_every: 2",
            more: """
                  - { id: part, kind: extract, with: { from: elastic, genome: 1-2-0-1-1 } }
                  - { id: whole, kind: extract, with: { from: elastic, genome: full } }
                  - { id: least, kind: extract, with: { from: elastic, genome: smallest } }
                  - { id: sized, kind: extract, with: { from: elastic, parameters: 60000 } }
                  - id: tuned
                    kind: pretrain
                    with: { start: part, data: packed, steps: 2, batch_rows: 2, rate: 1.0e-3, precision: float32 }
                  - { id: scores, kind: evaluate, with: { models: [whole, part, tuned], data: packed, precision: float32 } }
                  - { id: padded, kind: export, with: { model: part, form: padded, dtype: float32 } }
                  - { id: blocks, kind: export, with: { model: part, form: block_configs, dtype: float32 } }
                  - { id: exact, kind: export, with: { model: part, form: per_layer, dtype: float32 } }
                """)
    }

    private func model(_ small: SmallPipeline, _ name: String) throws -> LanguageModel {
        let artifact = try #require(small.store.newest(of: stage(name)))
        return try ModelFolder.load(artifact.file("model")).model
    }

    private func logits(_ model: LanguageModel) throws -> Tensor {
        let tokens = try TinyModel.tokens(model.architecture, seed: 4)
        return try withoutGradients { try model.logits(model.hidden(tokens)) }
    }

    @Test func partsOfASuperNetworkAreModelsLikeAnyOther() throws {
        let small = try pipeline()
        let happened = try small.run(choosing: { $0.until = nil })
        #expect(happened.values.allSatisfy { $0 == "ran: it has no artifact yet" })
        let elastic = try #require(small.store.newest(of: stage("elastic")))
        let file = try ElasticFile.read(from: elastic)
        #expect(
            file.space.layerCounts == [2, 3, 4]
                && file.space.intermediateSizes == Array(repeating: [16, 32, 48], count: 4))
        #expect(Set(file.space.dropOrder) == [1, 2] && file.influences?.count == 4)
        let whole = try model(small, "elastic")
        let names = Set(elastic.record.files.map(\.path))
        #expect(names.isSuperset(of: ["elastic.json", "neuron-order.json", "model/model.safetensors", "mixture.json"]))
        #expect(!names.contains("importance.json") && !names.contains { $0.hasPrefix("checkpoints") })
        #expect(elastic.record.facts["smallest"]?["parameters"]?.double == Double(file.smallestParameters))
        #expect(elastic.record.facts["smallest"]?["mean_loss"]?.double != nil)
        #expect(elastic.record.cost.tokens == 6 * 2 * 16 && elastic.record.cost.floatingPointOperations > 0)
        // The measured order is that of the model's neurons: what came first was the most active one.
        let orders = try JSONDecoder().decode([[Int]].self, from: Folder.read(elastic.file("neuron-order.json")))
        #expect(orders.count == 4 && orders.allSatisfy { $0.sorted() == Array(0..<48) && $0 != Array(0..<48) })

        // The whole is the super-network bit for bit, a part what its view computes.
        #expect(try logits(model(small, "whole")).isIdentical(to: logits(whole)))
        let genome = try #require(Genome("1-2-0-1-1"))
        let view = try file.space.view(of: genome)
        #expect(view.layers.count == 3)
        let part = try model(small, "part")
        #expect(part.architecture == whole.architecture.viewed(by: view))
        let expected = try logits(part)
        for name in ["padded", "blocks", "exact"] {
            let found = try logits(model(small, name))
            let gap = try (found - expected).abs().maximum().item() / expected.abs().maximum().item()
            #expect(gap <= 1e-5, "\(name) differs by \(gap)")
        }
        let tokens = try TinyModel.tokens(whole.architecture, seed: 4)
        let viewed = try withoutGradients { try whole.logits(whole.hidden(tokens, in: ForwardContext(view: view))) }
        #expect(try (viewed - expected).abs().maximum().item() <= 1e-5 * expected.abs().maximum().item())

        // subnet.json says what it is.
        let record = try #require(small.store.newest(of: stage("part")))
        let subnet = try JSONDecoder().decode(SubNetworkFile.self, from: Folder.read(record.file("subnet.json")))
        #expect(subnet.layers.map(\.keep) == (0..<4).map { view.layers.contains($0) })
        #expect(
            subnet.layers.filter(\.keep).map(\.intermediateSize) == part.architecture.blocks.map(\.intermediateSize))
        #expect(
            subnet.dropped == [file.space.dropOrder[0]] && subnet.superNetwork.fingerprint == elastic.record.fingerprint
        )
        #expect(subnet.parameters == part.architecture.parameterCount)
        #expect(try model(small, "least").architecture.parameterCount == file.smallestParameters)
        let sized = try model(small, "sized").architecture.parameterCount
        #expect(abs(Double(sized) / 60_000 - 1) <= 0.01)
        #expect(try model(small, "tuned").architecture == part.architecture)

        #expect(try small.run().values.allSatisfy { $0 == "cached" })
        let changed = try small.plan(["elastic.sub_networks=2"])
        guard case .run(let why)? = changed[stage("elastic")]?.state else { Issue.record("not run"); return }
        #expect(why == "with.sub_networks changed from 1 to 2")
    }

    @Test(arguments: ["alternating", "sandwich"]) func aStoppedTrainingContinuesToTheSameBits(_ schedule: String) throws
    {
        let whole = try pipeline(schedule)
        try whole.run(choosing: { $0.until = stage("elastic") })
        let broken = try pipeline(schedule)
        for round in [1, 4] {
            let stop = StopFlag()
            #expect(throws: PipelineError.self) {
                try broken.run(
                    stop: stop,
                    observe: { event in
                        if case .step(_, _, _, let metrics) = event, metrics.step == round { stop.raise() }
                    }, choosing: { $0.until = stage("elastic") })
            }
        }
        #expect(try broken.run(choosing: { $0.until = stage("elastic") })["elastic"] == "resumed at 4")
        let (left, right) = (try model(whole, "elastic"), try model(broken, "elastic"))
        for (a, b) in zip(left.parameters, right.parameters) { #expect(try a.master.isIdentical(to: b.master)) }
        func file(_ small: SmallPipeline, _ name: String) throws -> Data {
            try Folder.read(try #require(small.store.newest(of: stage("elastic"))).file(name))
        }
        for name in ["elastic.json", "neuron-order.json"] { #expect(try file(whole, name) == file(broken, name)) }
    }

    @Test func thePlanKnowsTheSizesAndRefusesWhatCannotBeReached() throws {
        let small = try pipeline()
        let plan = try small.plan()
        let elastic = try #require(plan[stage("elastic")]?.outlook)
        let source = try #require(elastic.architecture)
        let space = try #require(elastic.space)
        let range = try SubNetworkSizes(space, of: source).parameterRange
        #expect(elastic.notes.contains { $0.contains("\(range.lowerBound) to \(range.upperBound) parameters") })
        #expect(elastic.notes.contains { $0.contains("runs the teacher base") })
        #expect(try #require(elastic.floatingPointOperations) > 0 && elastic.tokens == 192)
        #expect(plan[stage("least")]?.outlook.architecture?.parameterCount == range.lowerBound)
        #expect(plan[stage("part")]?.outlook.architecture?.blocks.count == 3)
        #expect(plan[stage("padded")]?.outlook.architecture?.uniform != nil)
        // Both networks of a step cost what they are: the joint schedule at least the whole network and the smallest one.
        let joint = try small.plan(["elastic.schedule=joint"])[stage("elastic")]?.outlook.floatingPointOperations
        #expect(try #require(joint) > elastic.floatingPointOperations ?? .infinity)

        func refusal(_ overrides: [String]) -> [String] {
            do throws(PipelineError) {
                _ = try Planner(
                    file: PipelineFile(text: small.text, path: "p.yaml", overrides: overrides),
                    store: small.store
                )
                .plan()
                return []
            } catch {
                guard case .specification(let problems) = error else { return ["\(error)"] }
                return problems.map(\.description)
            }
        }
        #expect(refusal([]).isEmpty)
        let below = refusal(["elastic.reaches=[20000, 60000]"])
        #expect(below.count == 1 && below[0].contains("no sub-network has 20000 parameters within 1 percent"))
        #expect(
            below[0].contains("elastic.with.reaches") && below[0].contains("the space lies between \(range.lowerBound)")
        )
        #expect(refusal(["sized.parameters=20000"]).contains { $0.contains("sized.with.parameters") })
        #expect(refusal(["part.genome=1-2-0-1"]).contains { $0.contains("4 genes; expected 5") })
        #expect(refusal(["part.genome=1-2-0-1-3"]).contains { $0.contains("the gene of block 3 is 3") })
        #expect(
            refusal(["elastic.protected_layers=2"]).contains { $0.contains("names 0 blocks; the fewest layers drop 2") }
        )
        #expect(
            refusal(["elastic.space=smollm2-135m"]).contains { $0.contains("a number of layers of 22 is impossible") })
        #expect(
            refusal(["padded.form=plain"]).contains { $0.contains("choose form: padded, block_configs or per_layer") })
    }

    @Test func theNamedSpacesReachTheNamedTargets() throws {
        func sizes(_ preset: ElasticPreset, _ source: Architecture, protected: Int = 2) throws -> SubNetworkSizes {
            let spec = ElasticSpaceSpec.preset(preset)
            let drops = source.blocks.indices.reversed().filter {
                $0 >= protected && $0 < source.blocks.count - protected
            }
            return try SubNetworkSizes(spec.space(of: source, dropOrder: Array(drops)), of: source)
        }
        let llama = ArchitectureSpec.preset(.llama27B).architecture
        let smol = ArchitectureSpec.preset(.smolLM2135M).architecture
        #expect(try sizes(.llama7B, llama).parameterRange == 3_496_153_088...6_738_415_616)
        for target in [1_345_423_360, 2_702_243_840] {
            let found = try sizes(.llama7BExtended, llama).closest(toParameters: target).parameters
            #expect(SubNetworkSizes.isClose(found, to: target))
            #expect(
                try !SubNetworkSizes.isClose(
                    sizes(.llama7B, llama).closest(toParameters: target).parameters, to: target))
        }
        // 20 layers of hidden size 384, and 26 of 512.
        let small = try sizes(.smol135MExtended, smol)
        #expect(SubNetworkSizes.isClose(small.closest(toParameters: 51_330_432).parameters, to: 51_330_432))
        #expect(
            try SubNetworkSizes.isClose(
                sizes(.smol135M, smol).closest(toParameters: 86_534_656).parameters, to: 86_534_656))
        #expect(
            try !SubNetworkSizes.isClose(
                sizes(.smol135M, smol).closest(toParameters: 51_330_432).parameters, to: 51_330_432))
    }

    @Test func wrongKeysAndValuesAreNamedWithTheirLine() throws {
        let text = """
            stages:
              - id: base
                kind: import
                with: { weights: random, architecture: smollm2-135m, tokenizer: some/tokenizer.json }
              - id: packed
                kind: pack
                with: { manifest: some.yaml, tokenizer: base, sequence_length: 32 }
              - id: elastic
                kind: super_network
                with:
                  start: base
                  data: packed
                  space: smollm2-135m
                  steps: 20
                  batch_rows: 2
                  rate: 1.0e-3
              - id: part
                kind: extract
                with: { from: elastic, genome: smallest }
            """
        #expect(problems(text).isEmpty)
        func reasons(_ old: String, _ new: String) -> String {
            let found = problems(text.replacingOccurrences(of: old, with: new))
            #expect(found.allSatisfy { $0.line != nil })
            return found.map(\.description).joined(separator: "; ")
        }
        #expect(reasons("space: smollm2-135m", "spaces: x").contains("the key 'space' is missing"))
        #expect(reasons("space: smollm2-135m", "space: smollm").contains("llama-nas-7b-extended"))
        #expect(
            reasons("space: smollm2-135m", "space: { layers: [30], intermediate_sizes: [9, 3] }").contains(
                "wants ascending numbers"))
        #expect(
            reasons("space: smollm2-135m", "space: { layers: { from: 2, to: 5, step: 2 }, intermediate_sizes: [9] }")
                .contains("5 is not reached from 2 in steps of 2"))
        #expect(
            reasons("space: smollm2-135m", "space: { layer: [30], intermediate_sizes: [9] }").contains(
                "did you mean 'layers'"))
        #expect(reasons("steps: 20", "steps: 20\n      schedule: often").contains("alternating, joint, sandwich"))
        #expect(reasons("steps: 20", "steps: 20\n      sub_networks: 0").contains("sub_networks"))
        #expect(
            reasons("steps: 20", "steps: 20\n      order: unchanged\n      protected_layers: 1").contains(
                "has no meaning for order: unchanged"))
        #expect(reasons("genome: smallest", "genome: 1-x").contains("none of full, smallest"))
        #expect(
            reasons("genome: smallest", "genome: full, parameters: 9").contains(
                "wants exactly one of genome, parameters"))
        #expect(reasons(", genome: smallest", "").contains("wants exactly one of genome, parameters"))
        #expect(
            reasons("from: elastic", "from: base").contains("'base' (import) makes a model; a super-network is wanted"))
        #expect(reasons("tokenizer: base", "tokenizer: elastic").contains("makes a super-network; a model is wanted"))
    }
}
