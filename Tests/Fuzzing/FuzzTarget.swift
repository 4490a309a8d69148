internal import Corpus
public import Fixtures
internal import Torch
internal import Training
internal import Transformer

/// A format of files from outside, as a fuzzer sees it: any bytes are read, or refused with the error of their reader.
///
/// Inputs of several files are those files in a row, with a byte 1 between them.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// JSON lines: plain, routed by a nested field, instructions.
    case jsonl
    /// The same behind Zstandard and behind gzip.
    case zstandard, gzip
    /// A data manifest, and what it finds in a folder.
    case manifest
    /// A pipeline, and its plan.
    case pipeline
    /// Weights, and every tensor of them.
    case safetensors
    /// The same of llama.cpp's form, with its tokenizer.
    case gguf
    /// A model's `config.json`.
    case config
    /// A tokenizer, and what it makes of a text.
    case tokenizer
    /// The index of a packed folder and the file of its rows, and batches of them.
    case packed
    /// A checkpoint's `trainer.json` and `data.json`, whose seal holds, or its seal.
    case checkpoint
}

/// Something that no input may cause and that is no crash: a law that does not hold.
public struct FuzzFinding: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension FuzzTarget {
    /// Reads an input as a program would that was given it.
    /// - Parameter folder: For the files that it is put into; what they are called is the target's own.
    /// - Returns: Whether the input was taken for one of its format.
    /// - Throws: `FuzzFinding`, or what the test's own files give.
    @discardableResult
    public func read(_ bytes: [UInt8], in folder: TemporaryDirectory) throws -> Bool {
        switch self {
        case .jsonl: try ShardInput.read(bytes, "shard.jsonl", in: folder)
        case .zstandard: try ShardInput.read(bytes, "shard.jsonl.zst", in: folder)
        case .gzip: try ShardInput.read(bytes, "shard.jsonl.gz", in: folder)
        case .manifest: try ManifestInput.read(bytes, in: folder)
        case .pipeline: try PipelineInput.read(bytes, in: folder)
        case .safetensors: try WeightsInput.readSafetensors(bytes, in: folder)
        case .gguf: try WeightsInput.readGGUF(bytes, in: folder)
        case .config: try ConfigInput.read(bytes, in: folder)
        case .tokenizer: try TokenizerInput.read(bytes, in: folder)
        case .packed: try PackedInput.read(bytes, in: folder)
        case .checkpoint: try CheckpointInput.read(bytes, in: folder)
        }
    }

    /// Sound inputs of the format, and a few that are nearly so.
    public func seeds() throws -> [[UInt8]] {
        switch self {
        case .jsonl: ShardInput.seeds
        case .zstandard: ShardInput.seeds.flatMap { [CompressedFiles.zstandard($0)] } + [ShardInput.twoFrames]
        case .gzip: ShardInput.seeds.map { CompressedFiles.gzip($0) }
        case .manifest: ManifestInput.seeds
        case .pipeline: PipelineInput.seeds
        case .safetensors: try WeightsInput.safetensorsSeeds()
        case .gguf: WeightsInput.ggufSeeds
        case .config: ConfigInput.seeds
        case .tokenizer: TokenizerInput.seeds
        case .packed: try PackedInput.seeds()
        case .checkpoint: try CheckpointInput.seeds()
        }
    }

    /// The parts of an input of several files.
    static func parts(_ bytes: [UInt8], atMost count: Int) -> [[UInt8]] {
        bytes.split(separator: 1, maxSplits: count - 1, omittingEmptySubsequences: false).map(Array.init)
    }

    static func joined(_ parts: [[UInt8]]) -> [UInt8] { Array(parts.joined(separator: [1])) }

    /// A refusal, whose text must say something and be no blow-up of the input.
    static func note(_ refusal: some CustomStringConvertible) throws(FuzzFinding) {
        let length = refusal.description.utf8.count
        guard length > 0, length < 8 << 20 else { throw FuzzFinding("a refusal of \(length) bytes") }
    }
}
