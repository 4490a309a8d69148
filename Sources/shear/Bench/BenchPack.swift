internal import ArgumentParser
internal import Corpus
internal import FoundationEssentials
internal import Pipeline

/// `shear bench pack`: shards to rows. A slice decompresses, parses, tokenises and packs the whole corpus.
struct BenchPack: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack", abstract: "Decompresses, parses, tokenises and packs a corpus, as the pack stage does.")

    @Option(help: "The data manifest.")
    var manifest: String
    @Option(help: "A tokenizer.json, a tokenizer.model or a model folder.")
    var tokenizer: String
    @Option(help: "Tokens per row.")
    var sequenceLength = 512
    @Option(help: "Shards at a time.")
    var threads = 1
    @Option(help: "Packs once into this folder and ends, instead of again and again into one that is removed.")
    var into: String?

    private struct Facts: Encodable {
        var shards: Int
        var domains: Int
        var threads: Int
    }

    private struct Slice: Encodable {
        var seconds: Double
        var bytes: Int
        var tokens: Int
    }

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            try withCorpus { () throws(CorpusError) in
                let corpus = try CorpusManifest.load(manifest).resolved()
                let packer = try CorpusPacker(
                    corpus: corpus, tokenizer: try loadTokenizer(at: tokenizer),
                    settings: PackingSettings(sequenceLength: sequenceLength), threads: threads)
                if let into {
                    _ = try packer.pack(into: into)
                    return
                }
                let facts = Facts(shards: corpus.shards.count, domains: corpus.domains.count, threads: threads)
                try Turns.take(facts) { () throws(CorpusError) in try slice(packer) }
            }
        }
    }

    private func slice(_ packer: CorpusPacker) throws(CorpusError) -> Slice {
        let folder = Bench.scratch
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let start = ContinuousClock.now
        let packed = try packer.pack(into: folder)
        let seconds = start.elapsedSeconds
        let rows = packed.index.domains.flatMap { [$0.training, $0.validation] }
        return Slice(
            seconds: seconds, bytes: rows.reduce(0) { $0 + $1.textBytes }, tokens: rows.reduce(0) { $0 + $1.tokens })
    }
}
