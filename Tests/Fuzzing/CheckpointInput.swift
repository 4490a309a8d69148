internal import Corpus
internal import Evaluation
internal import Fixtures
internal import Foundation
internal import Torch
internal import Training
internal import Transformer

/// A checkpoint of a small run. Its tensors are sound (`safetensors` is a target of its own); the parts of an input are
/// `trainer.json`, `data.json` and, where there is a third, the seal, which is otherwise made to hold.
enum CheckpointInput {
    static func read(_ bytes: [UInt8], in folder: TemporaryDirectory) throws -> Bool {
        let parts = FuzzTarget.parts(bytes, atMost: 3)
        let bed = try bed.get()
        let run = folder.path("run")
        let place = run + "/checkpoints/" + Bed.newest
        try? FileManager.default.removeItem(atPath: run)
        try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        var files = bed.tensors
        files["trainer.json"] = parts[0]
        files["data.json"] = parts.count > 1 ? parts[1] : bed.position
        files["COMPLETE"] = parts.count > 2 ? parts[2] : seal(files)
        for (name, bytes) in files { try folder.write(bytes, to: "run/checkpoints/\(Bed.newest)/\(name)") }
        do throws(TrainingError) {
            let trainer = try bed.trainer(in: run)
            _ = trainer.weightsByDomain
            do throws(CorpusError) {
                for step in trainer.step..<(trainer.step + 3) { _ = try trainer.batch(step) }
            } catch { try? FuzzTarget.note(error) }
            return true
        } catch {
            try FuzzTarget.note(error)
            return false
        }
    }

    static func seeds() throws -> [[UInt8]] {
        let bed = try bed.get()
        let complete = seal(bed.tensors.merging(["trainer.json": bed.state, "data.json": bed.position]) { $1 })
        return [
            FuzzTarget.joined([bed.state, bed.position]), FuzzTarget.joined([bed.state, bed.position, complete]),
        ]
    }

    private static func seal(_ files: [String: [UInt8]]) -> [UInt8] {
        let entries = files.sorted { $0.key < $1.key }.map { name, bytes in
            "\"\(name)\":{\"bytes\":\(bytes.count),\"sha256\":\"\(FileDigest.sha256(bytes))\"}"
        }
        return Array("{\"schema\":1,\"step\":2,\"files\":{\(entries.joined(separator: ","))}}".utf8)
    }

    private static let bed = Result { try Bed() }

    /// A run of two steps, and all that a restart of it needs.
    private final class Bed: @unchecked Sendable {  // made once, read by the one thread that tries inputs
        static let newest = "step-00000002"
        private let folder: TemporaryDirectory
        private let corpus: PackedCorpus
        private(set) var tensors: [String: [UInt8]] = [:]
        private(set) var state: [UInt8] = []
        private(set) var position: [UInt8] = []

        init() throws {
            folder = try TemporaryDirectory()
            corpus = try TinyCorpus.make(in: folder.path, trainingRows: [8, 8, 8], validationRows: [1, 1, 1])
            try trainer(in: folder.path("run")).run()
            for name in ["model.safetensors", "optimizer.safetensors"] {
                tensors[name] = try folder.read("run/checkpoints/\(Bed.newest)/\(name)")
            }
            state = try folder.read("run/checkpoints/\(Bed.newest)/trainer.json")
            position = try folder.read("run/checkpoints/\(Bed.newest)/data.json")
        }

        func trainer(in run: String) throws(TrainingError) -> Restored {
            let settings = TrainingSettings(
                steps: 2, batchRows: 3, peakRate: 1e-3, schedule: LearningRate(warmupSteps: 1), evaluateEvery: 1,
                mixture: MixturePolicy(gap: .signed, floor: 0.05, cap: 0.8))
            return try Restored(corpus: corpus, settings: settings, folder: run)
        }
    }

    /// A trainer as a restarted program makes it.
    private struct Restored {
        private let trainer: Trainer<NextTokenObjective>
        private let loader: MixtureLoader

        init(corpus: PackedCorpus, settings: TrainingSettings, folder: String) throws(TrainingError) {
            let shape = BlockShape(queryHeads: 1, keyValueHeads: 1, intermediateSize: 4)
            let architecture = Architecture(
                vocabularySize: TinyCorpus.vocabularySize, hiddenSize: 4, headSize: 4, blocks: [shape],
                tiedEmbeddings: true, maximumPositions: 64)
            let model: LanguageModel
            do throws(TorchError) { model = try LanguageModel(architecture, initializedWith: 3) } catch {
                throw .torch(error)
            }
            do throws(CorpusError) {
                loader = try MixtureLoader(
                    corpus: corpus, weights: [0.5, 0.2, 0.3], batchRows: 3, seed: 11, exhausted: .repeat)
            } catch { throw .corpus(error) }
            trainer = try Trainer(
                model: model, objective: NextTokenObjective(model), loader: loader,
                validation: DomainLoss(corpus: corpus, batchRows: 1), reference: ["wiki": 2.5, "code": 0.8, "book": 3],
                settings: settings, folder: folder, stage: "fuzz", stop: StopFlag(), warn: { _ in })
        }

        var step: Int { trainer.step }
        var weightsByDomain: [String: Double] { trainer.weightsByDomain }
        func run() throws(TrainingError) { try trainer.run() }
        func batch(_ step: Int) throws(CorpusError) -> TokenBatch { try loader.rows(step: step) }
    }
}
