internal import Corpus
internal import FoundationEssentials
internal import Synchronization
internal import Training
internal import Transformer

/// `pack`: writes `corpus/`, the packed rows of every domain. Ranks share the files, unless limits make some needless; rank 0
/// puts together what they packed.
extension PackSpec: StageSpec {
    public static let revision = 1

    public var needs: [StageNeed] {
        if case .stage(let id) = tokenizer { [StageNeed(key: "tokenizer", stage: id, kind: .model)] } else { [] }
    }

    public var outsideInputs: [OutsideInput] {
        var inputs = [OutsideInput(key: "manifest", path: manifest, role: .manifest)]
        if case .path(let path) = tokenizer {
            inputs.append(OutsideInput(key: "tokenizer", path: path, role: .tokenizer))
        }
        return inputs
    }

    public var isShared: Bool { true }

    public func problems() -> [KeyProblem] { [] }

    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        outlook.sequenceLength = sequenceLength
        let manifest = try? CorpusManifest.load(manifest)
        // Each thread holds a document, its text and its tokens; most documents are far shorter than the longest allowed.
        let threads = context.runtime.threads ?? ProcessInfo.processInfo.activeProcessorCount
        outlook.memoryBytes = (128 << 20) + threads * 2 * (manifest?.maxDocumentBytes ?? 32 << 20)
        if let corpus = try? manifest?.resolved() {
            let bytes = corpus.shards.reduce(0) { $0 + $1.bytes }
            outlook.notes.append(
                "reads \(corpus.shards.count) files of \(bytes) bytes in \(corpus.domains.count) domains")
            let tokens = estimatedTokens(of: corpus)
            outlook.tokens = tokens
            outlook.tokensAreEstimated = true
            var vocabularySize: Int?
            if case .stage(let id) = tokenizer { vocabularySize = context[id]?.architecture?.vocabularySize }
            outlook.diskBytes = tokens * ((vocabularySize ?? 0) > 65_536 ? 4 : 2)
        }
        return outlook
    }

    /// About how many tokens the files hold, from their sizes: a guess for English text and code, good to a factor of two.
    /// `shear plan` prints the guess before a corpus is packed and the count afterwards.
    private func estimatedTokens(of corpus: ResolvedCorpus) -> Int {
        func tokens(_ shards: [ResolvedShard]) -> Int {
            shards.reduce(0) { sum, shard in
                let isPlain = shard.path.hasSuffix(".jsonl") || shard.path.hasSuffix(".json")
                return sum + Int(Double(shard.bytes) / (isPlain ? 3.9 : 1.15))
            }
        }
        return CorpusSplit.allCases.reduce(0) { sum, split in
            let limit = (split == .training ? maxTokensPerDomain : maxValidationTokensPerDomain) ?? .max
            let shards = Dictionary(grouping: corpus.shards.filter { $0.split == split }, by: \.domain)
            return shards.reduce(sum) { sum, entry in
                // Files whose records name their domains hold any of them.
                let domains = entry.key == nil ? corpus.domains.count : 1
                let most = limit.multipliedReportingOverflow(by: domains)
                return sum + min(tokens(entry.value), most.overflow ? .max : most.partialValue)
            }
        }
    }

    /// - Throws: As `StageSpec.run(on:into:)`.
    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        let source: String
        switch tokenizer {
        case .stage(let id): source = bench.artifact(id).modelPath
        case .path(let path): source = path
        }
        var settings = PackingSettings(sequenceLength: sequenceLength, packing: packing)
        settings.maxTokensPerDomain = maxTokensPerDomain
        settings.maxValidationTokensPerDomain = maxValidationTokensPerDomain
        let chosen = settings
        let folder = output.file("corpus")
        let packer = try withCorpus { () throws(CorpusError) in
            try CorpusPacker(
                corpus: try CorpusManifest.load(manifest).resolved(),
                tokenizer: try loadTokenizer(at: source, parseSpecial: parseSpecial), settings: chosen,
                threads: PipelineRun.threads(bench.runtime.threads, sharedBy: bench.group))
        }
        if let group = bench.group, !chosen.hasLimits {
            try SharedPacking(packer, into: folder, stop: bench.stop).run(over: group)
        }
        try bench.countAll()
        return try bench.alone { () throws(PipelineError) in try pack(packer, bench, folder) } ?? StageResult()
    }

    private func pack(_ packer: CorpusPacker, _ bench: Workbench, _ folder: String) throws(PipelineError) -> StageResult
    {
        let watch = PackingWatch()
        let stop = bench.stop
        do throws(CorpusError) {
            let packed = try packer.pack(
                into: folder, progress: { watch.keep($0) }, shouldStop: { stop.isRaised })
            if let done = watch.progress, bench.group == nil {
                bench.note("packed \(done.documents) documents of \(done.shardsTotal) files into \(done.tokens) tokens")
            }
            return result(packed)
        } catch {
            if case .stopped = error {
                throw .interrupted(signal: stop.signal ?? 2, step: watch.progress?.shards ?? 0, unit: .file)
            }
            throw .corpus(error)
        }
    }

    private func result(_ packed: PackedCorpus) -> StageResult {
        func counts(_ value: (PackedIndex.Domain) -> Int) -> RecordValue {
            .object(Dictionary(packed.index.domains.map { ($0.name, .integer(value($0))) }) { first, _ in first })
        }
        let tokens = packed.index.domains.reduce(0) { $0 + $1.training.tokens + $1.validation.tokens }
        return StageResult(
            tokens: tokens,
            facts: .object([
                "vocabulary_size": .integer(packed.vocabularySize), "sequence_length": .integer(packed.sequenceLength),
                "domains": .array(packed.domains.map { .string($0) }), "training_rows": counts(\.training.rows),
                "validation_rows": counts(\.validation.rows), "training_tokens": counts(\.training.tokens),
                "dropped_tokens": counts { $0.training.droppedTokens + $0.validation.droppedTokens },
                "corpus_fingerprint": .string(packed.fingerprint),
                "tokenizer_fingerprint": .string(packed.tokenizerFingerprint),
            ]))
    }
}

/// The newest progress of a packing run, which reports from several threads.
private final class PackingWatch: Sendable {
    private let last = Mutex<PackingProgress?>(nil)

    func keep(_ progress: PackingProgress) { last.withLock { $0 = progress } }

    var progress: PackingProgress? { last.withLock { $0 } }
}
