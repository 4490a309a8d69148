internal import ArgumentParser
internal import Corpus
internal import Evaluation
internal import FoundationEssentials
internal import Pipeline
internal import Torch
internal import Training
internal import Transformer

/// `shear evaluate`: domain losses of a model on the held-out text of a manifest.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures a model's loss on each domain's held-out text, in nats per token.")

    @OptionGroup var chosen: ChosenModel
    @Option(help: "The data manifest.")
    var manifest: String
    @Option(help: "Tokens per row; 1,024 or the model's positions when not stated.")
    var sequenceLength: Int?
    @Option(help: "Rows per domain at most; 0 takes all.")
    var rows = 0
    @Option(help: "Rows of a forward pass.")
    var batchRows = 4
    @Option(help: "A tokenizer file or folder, when the model brings none.")
    var tokenizer: String?
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            try withTraining { () throws(TrainingError) in try StopFlag.catchSignals() }
            let resolved = try withCorpus { () throws(CorpusError) in try CorpusManifest.load(manifest).resolved() }
            let (model, description) = try chosen.load()
            let tokenizer = try chosen.tokenizer(description, named: tokenizer)
            let length = sequenceLength ?? min(1024, model.architecture.maximumPositions)
            let folder =
                FileManager.default.temporaryDirectory.path
                + "/shear-evaluate-\(ProcessInfo.processInfo.processIdentifier)"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let scores = try measure(model, Evaluate.heldOut(resolved), tokenizer, length, folder)
            print(json ? try Evaluate.json(scores, model, path: chosen.model) : Evaluate.text(scores))
        }
    }

    private func measure(
        _ model: LanguageModel, _ corpus: ResolvedCorpus, _ tokenizer: any Tokenizer, _ length: Int, _ folder: String
    ) throws(PipelineError) -> [DomainScore] {
        let packed = try withCorpus { () throws(CorpusError) in
            var settings = PackingSettings(sequenceLength: length)
            settings.maxTokensPerDomain = length
            if rows > 0 { settings.maxValidationTokensPerDomain = rows * length }
            let packer = try CorpusPacker(corpus: corpus, tokenizer: tokenizer, settings: settings)
            return try packer.pack(into: folder, shouldStop: { StopFlag.process.isRaised })
        }
        return try withEvaluation { () throws(EvaluationError) in
            try DomainLoss(corpus: packed, rowsPerDomain: rows == 0 ? nil : rows, batchRows: batchRows).measure(model)
        }
    }

    /// The corpus with as little training text as packing allows: where a domain has validation files, they stand for both.
    private static func heldOut(_ corpus: ResolvedCorpus) -> ResolvedCorpus {
        var reduced = corpus
        reduced.shards = corpus.shards.flatMap { shard -> [ResolvedShard] in
            let hasFiles = corpus.shards.contains { $0.split == .validation && $0.domain == shard.domain }
            guard hasFiles else { return [shard] }
            guard shard.split == .validation else { return [] }
            var training = shard
            training.split = .training
            return [training, shard]
        }
        return reduced
    }

    private static func text(_ scores: [DomainScore]) -> String {
        var rows = [["domain", "loss", "error", "perplexity", "tokens", "rows"]]
        for score in scores {
            rows.append([
                score.domain, score.lossNats.map { Rendering.fixed($0, 4) } ?? "no rows",
                score.standardError.map { Rendering.fixed($0, 4) } ?? "-",
                score.perplexity.map { Rendering.fixed($0, 2) } ?? "-", Rendering.grouped(score.tokens),
                "\(score.rows)",
            ])
        }
        rows.append(["mean", scores.meanLoss.map { Rendering.fixed($0, 4) } ?? "-", "", "", "", ""])
        return Rendering.table(rows)
    }

    private struct Report: Encodable {
        var model: String
        var parameters: Int
        var domains: [DomainScore]
        var mean_loss: Double?
    }

    private static func json(_ scores: [DomainScore], _ model: LanguageModel, path: String) throws(PipelineError)
        -> String
    {
        let report = Report(
            model: path, parameters: model.architecture.parameterCount, domains: scores, mean_loss: scores.meanLoss)
        return String(decoding: CanonicalJSON.readable(report).dropLast(), as: UTF8.self)
    }
}
