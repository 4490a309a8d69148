internal import Fixtures
internal import FoundationEssentials
internal import Pipeline

/// A pipeline file.
enum PipelineInput {
    static func read(_ bytes: [UInt8], in folder: TemporaryDirectory) throws -> Bool {
        do throws(PipelineError) {
            let file = try PipelineFile(text: String(decoding: bytes, as: UTF8.self), path: "fuzz.yaml")
            // A plan reads what a file names; what is there on this machine is not the input's to say.
            let paths = file.stages.flatMap { $0.spec.outsideInputs.map(\.path) }
            guard !paths.contains(where: { FileManager.default.fileExists(atPath: $0) }) else { return true }
            for ranks in [1, 3] {
                let planner = Planner(file: file, store: ArtifactStore(root: folder.path("runs")), ranks: ranks)
                _ = try planner.plan()
            }
            return true
        } catch {
            try FuzzTarget.note(error)
            return false
        }
    }

    static let seeds: [[UInt8]] = [
        """
        name: small
        seed: 3
        stages:
          - id: base
            kind: import
            with:
              weights: random
              architecture: { vocabulary_size: 512, hidden_size: 32, layers: 4, heads: 2, intermediate_size: 48 }
              tokenizer: no/such/tokenizer.json
          - id: packed
            kind: pack
            with: { manifest: no-such.yaml, tokenizer: base, sequence_length: 32, packing: keep-all }
            runtime: { threads: 2, obtain: "scripts/fetch" }
          - id: sheared
            kind: prune
            with:
              start: base
              data: packed
              target: { layers: 2, hidden_size: 16, heads: 1, intermediate_size: 24 }
              steps: 20
              batch_rows: 2
              rate: 1.0e-3
              evaluate_every: 5
              mixture: { weights: { wiki: 1, code: 2 }, dynamic: { reference: { measured: base }, gap: signed } }
          - id: short
            kind: prune
            with: { start: base, data: packed, target: { layers: 2 }, method: shortgpt, calibration_batches: 2 }
          - id: recovered
            kind: pretrain
            with:
              start: sheared
              data: packed
              steps: 10
              batch_rows: 4
              rate: 1.0e-3
              mixture: { weights: { carry: sheared }, exhausted: stop }
              distill: { teacher: base, weight: 0.5 }
            runtime: { micro_batch: 1, shard: gradients, recompute_activations: true }
          - id: scores
            kind: evaluate
            with: { models: [base, recovered], data: packed, rows: { from: 16, count: 8 }, throughput: { rows: 2 } }
          - id: exported
            kind: export
            with: { model: recovered, form: padded, dtype: float32, shard_bytes: 1_000_000 }
        """,
        """
        stages:
          - { id: base, kind: import, with: { weights: random, architecture: smollm2-135m } }
          - { id: packed, kind: pack, with: { manifest: no-such.yaml, tokenizer: base, sequence_length: 64 } }
          - id: elastic
            kind: super_network
            with:
              start: base
              data: packed
              space: { layers: [22, 26, 30], intermediate_sizes: { from: 512, to: 1536, step: 512 } }
              steps: 5
              batch_rows: 1
              rate: 0.001
              reaches: [90_000_000]
          - id: found
            kind: search
            with:
              from: elastic
              objectives: [domain_loss, parameters]
              data: packed
              rows: 16
              evaluations: 20
              population: 10
              within: { parameters: { from: 5.0e7, to: 1.2e8 } }
          - { id: best, kind: extract, with: { from: elastic, search: found, pick: "parameters<=90000000" } }
          - { id: small, kind: quantize, with: { from: best, scheme: int8, smoothing: { data: packed } } }
          - id: report
            kind: compare
            with:
              arms:
                - { name: ours, method: nas, model: best }
                - { name: whole, method: oneshot, model: base }
              scores: [rest]
              match: [parameters]
          - { id: rest, kind: evaluate, with: { models: [base, best], data: packed, rows: { from: 16 } } }
        """,
    ].map { Array($0.utf8) }
}
