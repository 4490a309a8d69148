import Files
import FoundationEssentials
import Glibc

/// How far a packing run is.
public struct PackingProgress: Sendable, Equatable {
    /// The shards that are packed.
    public var shards = 0
    /// The shards in all.
    public var shardsTotal = 0
    /// The bytes of the packed shards, as they lie on disk.
    public var bytes = 0
    /// The bytes of all shards.
    public var bytesTotal = 0
    /// The documents that were tokenised in this run; shards packed by an earlier run do not count.
    public var documents = 0
    /// Their tokens.
    public var tokens = 0
    /// Their text in bytes of UTF-8.
    public var textBytes = 0
}

/// Turns a corpus into a packed folder: reads, tokenises and packs shard by shard, several at a time.
///
/// The result depends on the text, the tokenizer and the settings alone, not on threads or interruptions. Each
/// finished shard is kept in `parts/` of the folder, under the fingerprint of all that decides it, until the folder is
/// complete; a later run in the same folder goes on from there.
public struct CorpusPacker: Sendable {
    /// The text.
    public let corpus: ResolvedCorpus
    /// What makes tokens of it.
    public let tokenizer: any Tokenizer
    /// What makes rows of them.
    public let settings: PackingSettings
    /// How many shards are packed at a time.
    public let threads: Int

    /// A packer of `corpus`; `threads` nil takes one per core.
    /// - Throws: `CorpusError.invalidArgument` for sizes that cannot be.
    public init(
        corpus: ResolvedCorpus, tokenizer: any Tokenizer, settings: PackingSettings, threads: Int? = nil
    ) throws(CorpusError) {
        let limits = [settings.maxTokensPerDomain, settings.maxValidationTokensPerDomain].compactMap { $0 }
        guard settings.sequenceLength > 1, limits.allSatisfy({ $0 >= settings.sequenceLength }) else {
            throw .invalidArgument(
                reason: "Rows of \(settings.sequenceLength) tokens, with limits of \(limits) tokens for a domain",
                remedy: "a row needs at least 2 tokens, and a limit must allow at least one row")
        }
        guard settings.packing != .instructions || corpus.rules.form == .instructions else {
            throw .invalidArgument(
                reason: "Packing 'instructions' wants records of an instruction and its answer, the manifest "
                    + "'\(corpus.manifest.name)' has plain text",
                remedy: "state records: instructions in the manifest, or choose another packing")
        }
        self.corpus = corpus
        self.tokenizer = tokenizer
        self.settings = settings
        self.threads = max(threads ?? ProcessInfo.processInfo.activeProcessorCount, 1)
    }

    /// Packs one of `count` shares of the shards into parts, which a later `pack` in the same folder finds; all shares
    /// together are all shards. For processes that pack one corpus together.
    /// - Throws: As `pack`.
    public func prepare(
        share: Int, of count: Int, in folder: String,
        progress: @escaping @Sendable (PackingProgress) -> Void = { _ in },
        shouldStop: @escaping @Sendable () -> Bool = { false }
    ) throws(CorpusError) {
        let partsFolder = "\(folder)/parts"
        try FileSystem.makeFolder(partsFolder)
        let packer = ShardPacker(corpus: corpus, tokenizer: tokenizer, settings: settings, folder: partsFolder)
        let run = PackingRun(packer, share: share, of: count, progress: progress, shouldStop: shouldStop)
        _ = try run.run(threads: threads)
    }

    /// Packs everything into `folder`, which is made if needed, and opens it.
    /// - Parameters:
    ///   - progress: told after each shard and now and then between, by one thread at a time.
    ///   - shouldStop: asked after each document; when true, the run ends with `CorpusError.stopped`.
    /// - Throws: what reading a shard throws (of several failing shards the first one's), `.digestMismatch`,
    ///   `.vocabularyMismatch`, `.noRows` for a domain without training rows, `.stopped`, `.io`, `.diskFull`.
    public func pack(
        into folder: String, progress: @escaping @Sendable (PackingProgress) -> Void = { _ in },
        shouldStop: @escaping @Sendable () -> Bool = { false }
    ) throws(CorpusError) -> PackedCorpus {
        let partsFolder = "\(folder)/parts"
        try FileSystem.makeFolder(partsFolder)
        // An older index must not describe the files that are about to change.
        try FileSystem.remove("\(folder)/index.json")
        let packer = ShardPacker(corpus: corpus, tokenizer: tokenizer, settings: settings, folder: partsFolder)
        let run = PackingRun(packer, progress: progress, shouldStop: shouldStop)
        let parts = try run.run(threads: threads)
        let assembly = PackedAssembly(corpus: corpus, tokenizer: tokenizer, settings: settings, parts: parts)
        try assembly.write(into: folder, shouldStop: shouldStop)
        let packed = try PackedCorpus(at: folder)
        try? FileManager.default.removeItem(atPath: partsFolder)
        return packed
    }
}
