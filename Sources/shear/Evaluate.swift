internal import ArgumentParser
internal import Corpus
internal import Evaluation
internal import FoundationEssentials
internal import Pipeline
internal import Torch
internal import Training
internal import Transformer

/// `shear evaluate`: domain losses of a model on the held-out text of a manifest, task files, speed.
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures a model's loss on each domain's held-out text in nats per token, its answers to task files "
            + "and its speed.",
        discussion: "State at least one of --manifest, --task and --throughput.")

    @OptionGroup var chosen: ChosenModel
    @Option(help: "The data manifest.")
    var manifest: String?
    @Option(help: "Tokens per row; 1,024 or the model's positions when not stated.")
    var sequenceLength: Int?
    @Option(help: "Rows per domain; 0 takes all.")
    var rows = 0
    @Option(help: "Rows of a forward pass.")
    var batchRows = 4
    @Option(
        help: ArgumentHelp("A task file, named after its task, such as piqa.jsonl; may be repeated.", valueName: "path")
    )
    var task: [String] = []
    @Option(
        help: "Which questions are asked: report, the half that no search has chosen by, search, the other, or all."
    )
    var split = TaskSplit.report.rawValue
    @Option(help: "Questions per task at most; 0 takes all.")
    var questions = 0
    @Flag(help: "Measure prefill and decoding: one row, 256 tokens of prompt, 32 decoded, the median of 5.")
    var throughput = false
    @Option(help: "A tokenizer file or folder, when the model brings none.")
    var tokenizer: String?
    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            try withTraining { () throws(TrainingError) in try StopFlag.catchSignals() }
            guard manifest != nil || !task.isEmpty || throughput else {
                throw ChosenModel.refused(
                    "shear evaluate", "has nothing to measure; state --manifest, --task or --throughput")
            }
            guard let split = TaskSplit(rawValue: split) else {
                throw ChosenModel.refused("--split \(split)", "is none of report, search, all")
            }
            let resolved = try manifest.map { (path) throws(PipelineError) in
                try withCorpus { () throws(CorpusError) in try CorpusManifest.load(path).resolved() }
            }
            let tasks = try withEvaluation { () throws(EvaluationError) in
                var tasks: [EvaluationTask] = []
                for path in task {
                    tasks.append(try .load(path, split: split, limit: questions == 0 ? nil : questions))
                }
                return tasks
            }
            let (model, description) = try chosen.load()
            var report = EvaluationReport(path: chosen.model, model.architecture)
            if resolved != nil || !tasks.isEmpty {
                let tokenizer = try chosen.tokenizer(description, named: tokenizer)
                if let resolved { report.domains = try measure(model, HeldOut.reduced(resolved), tokenizer) }
                report.tasks = try ask(model, tasks, tokenizer)
            }
            if throughput {
                report.throughput = try withEvaluation { () throws(EvaluationError) in try Throughput.measure(model) }
            }
            print(json ? report.json : report.text)
        }
    }

    private func measure(
        _ model: LanguageModel, _ corpus: ResolvedCorpus, _ tokenizer: any Tokenizer
    ) throws(PipelineError) -> [DomainScore] {
        let length = sequenceLength ?? min(1024, model.architecture.maximumPositions)
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/shear-evaluate-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let packed = try withCorpus { () throws(CorpusError) in
            var settings = PackingSettings(sequenceLength: length)
            settings.maxTokensPerDomain = length
            if rows > 0 { settings.maxValidationTokensPerDomain = rows * length }
            let packer = try CorpusPacker(corpus: corpus, tokenizer: tokenizer, settings: settings)
            return try packer.pack(into: folder, shouldStop: { StopFlag.process.isRaised })
        }
        guard packed.validationRowCounts.contains(where: { $0 > 0 }) else {
            throw .mismatch(
                "\(corpus.manifest.name) has no held-out rows of \(length) tokens",
                remedy: "give the manifest validation files or a validation_fraction such as 0.01")
        }
        return try withEvaluation { () throws(EvaluationError) in
            try DomainLoss(corpus: packed, rowsPerDomain: rows == 0 ? nil : rows, batchRows: batchRows).measure(model)
        }
    }

    private func ask(
        _ model: LanguageModel, _ tasks: [EvaluationTask], _ tokenizer: any Tokenizer
    ) throws(PipelineError) -> [TaskScore] {
        try withEvaluation { () throws(EvaluationError) in
            var scores: [TaskScore] = []
            for task in tasks where !StopFlag.process.isRaised {
                let asked = try MultipleChoice(
                    task, tokenizer: tokenizer, positions: model.architecture.maximumPositions)
                scores.append(try asked.measure(model))
                Rendering.say(scores[scores.count - 1].sentence)
            }
            return scores
        }
    }
}

/// The part of a corpus that an evaluation needs.
enum HeldOut {
    /// The corpus with as little training text as packing allows: where a domain has validation files, they stand for both.
    static func reduced(_ corpus: ResolvedCorpus) -> ResolvedCorpus {
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
}
