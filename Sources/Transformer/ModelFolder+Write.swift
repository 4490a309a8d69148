internal import Files
internal import FoundationEssentials
internal import Glibc
public import Torch

extension ModelFolder {
    /// Which loaders a written folder is for.
    public enum Form: Sendable {
        /// Plain Hugging Face LLaMA, which transformers loads as is; needs uniform blocks.
        case huggingFace
        /// Hugging Face LLaMA when the blocks are uniform, else our own form with per-block widths, which only our
        /// loader reads.
        case perBlock
        /// Plain Hugging Face LLaMA; blocks that differ are filled with neurons of weight 0 up to the widest one.
        case padded
        /// `block_configs` of `nemotron-nas`, which other inference programs read; widths are filled with neurons of
        /// weight 0 up to multiples of 256, the only ones that this form can state.
        case blockConfigs
    }

    /// The shape that a form gives to a model's weights.
    /// - Throws: `TransformerError.notExportable` naming `path` for a model that the form cannot express.
    public static func shape(
        of architecture: Architecture, as form: Form, path: String
    ) throws(TransformerError) -> Architecture {
        func refusal(_ reason: String) -> TransformerError {
            .notExportable(
                path: path, reason: reason,
                remedy: "choose a model whose layers have the same heads, or write Shearling's per-block form")
        }
        switch form {
        case .huggingFace, .perBlock: return architecture
        case .padded:
            switch architecture.paddedUniform() {
            case .success(let padded): return padded
            case .failure(let problem): throw refusal(problem.reason)
            }
        case .blockConfigs:
            let heads = Set(architecture.blocks.filter(\.hasAttention).map(\.queryHeads))
            guard heads.count == 1 else {
                throw refusal("the blocks have \(heads.count) different numbers of query heads; block_configs has one")
            }
            return architecture.padded(toMultiplesOf: Architecture.blockConfigsUnit)
        }
    }

    /// Writes a model as a folder: beside its place, then renamed, so that `path` holds all of it or nothing.
    /// - Parameters:
    ///   - path: a folder that does not exist yet or is empty.
    ///   - dtype: how weights are stored, `.float32` or `.bfloat16`; rounded to nearest from the float32 masters.
    ///   - tokenizer: files to put beside the weights.
    ///   - special: ids for `config.json` and `generation_config.json`.
    ///   - lineage: where the weights come from; goes to the safetensors metadata and the card.
    ///   - quantization: how projections are quantised, the rest going to bfloat16; only in our own form. Nil: dense.
    ///   - shardBytes: weights beyond this are split over files with an index.
    /// - Throws: `TransformerError.notExportable` for a model the form cannot express, `.file` when writing fails.
    public static func write(
        _ model: LanguageModel, to path: String, dtype: DType = .bfloat16, tokenizer: TokenizerFiles = .none,
        special: SpecialTokens = SpecialTokens(), lineage: [String: String] = [:], card: ModelCard = ModelCard(),
        form: Form = .huggingFace, quantization: QuantizationScheme? = nil, shardBytes: Int = 5_000_000_000
    ) throws(TransformerError) {
        if let scheme = model.quantization { throw .quantized(path: path, scheme: scheme) }
        if quantization != nil, form != .perBlock {
            throw .notExportable(
                path: path, reason: "Hugging Face's LLaMA has no form for quantised weights of ours",
                remedy: "export the model that is not quantised")
        }
        let shape = try shape(of: model.architecture, as: form, path: path)
        try requireExpressible(shape, as: form, dtype: dtype, path: path)
        let files = FileManager.default
        if let held = try? files.contentsOfDirectory(atPath: path), !held.isEmpty {
            throw .file(path: path, reason: "the folder exists and is not empty; remove it or choose another place")
        }
        let partial = path + ".partial-\(getpid())"
        try FileSystem.remove(partial)
        try FileSystem.makeFolder(partial)
        do throws(TransformerError) {
            try fill(
                partial, model, as: shape, form: form, dtype: quantization == nil ? dtype : .bfloat16, quantization,
                tokenizer: tokenizer, special: special, lineage: lineage, card: card, shardBytes: shardBytes)
            try FileSystem.rename(partial, to: path)
            try FileSystem.flushFolder(FileSystem.parent(of: path))
        } catch {
            try? files.removeItem(atPath: partial)
            throw error
        }
    }

    /// That a folder of this form and dtype can hold a model of this shape.
    /// - Throws: `TransformerError.notExportable`, naming `path`.
    public static func requireExpressible(
        _ architecture: Architecture, as form: Form, dtype: DType, path: String
    ) throws(TransformerError) {
        guard dtype == .float32 || dtype == .bfloat16 else {
            throw .notExportable(
                path: path, reason: "weights cannot be stored as \(dtype.rawValue)",
                remedy: "choose float32 or bfloat16")
        }
        guard let uniform = architecture.uniform else {
            if form == .perBlock || form == .blockConfigs { return }
            throw .notExportable(
                path: path, reason: "the blocks differ in heads or width, which Hugging Face's LLaMA cannot express",
                remedy:
                    "choose a target whose layers are all alike, or write it padded or in Shearling's per-block form")
        }
        guard form == .perBlock || architecture.hiddenSize % uniform.block.queryHeads == 0 else {
            throw .notExportable(
                path: path,
                reason:
                    "the hidden size \(architecture.hiddenSize) is no multiple of the \(uniform.block.queryHeads) "
                    + "query heads, which transformers refuses",
                remedy: "choose a target where it is")
        }
    }

    private static func fill(
        _ folder: String, _ model: LanguageModel, as architecture: Architecture, form: Form, dtype: DType,
        _ quantization: QuantizationScheme?,
        tokenizer: TokenizerFiles, special: SpecialTokens, lineage: [String: String], card: ModelCard, shardBytes: Int
    ) throws(TransformerError) {
        func put(_ text: String, _ name: String) throws(TransformerError) {
            try FileSystem.create(folder + "/" + name, Array(text.utf8))
        }
        let config =
            form == .blockConfigs
            ? architecture.blockConfigsConfig(special: special, dtype: dtype.rawValue)
            : architecture.huggingFaceConfig(special: special, dtype: dtype.rawValue, quantization: quantization)
        try put(config.text, "config.json")
        try put(JSONValue.object(special.members.filter { $0.value != .null }).text, "generation_config.json")
        try put(card.text(architecture, dtype: dtype.rawValue, quantization, lineage: lineage), "README.md")
        try tokenizer.write(to: folder)
        var metadata = ["format": "pt"]
        if !lineage.isEmpty {
            let members = lineage.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .string($0.value)) }
            metadata[lineageKey] = String(JSONValue.object(members).text.dropLast())
        }
        let written = metadata
        do throws(TorchError) {
            try withoutGradients { () throws(TorchError) in
                var tensors: [(String, Tensor)] = []
                if let quantization {
                    tensors = try model.quantizedTensors(quantization)
                } else {
                    for weight in try model.weights(paddedTo: architecture) {
                        tensors.append((weight.name, try weight.tensor.to(dtype)))
                    }
                }
                try SafetensorsWriter.writeSharded(tensors, metadata: written, to: folder, shardBytes: shardBytes)
            }
        } catch {
            throw error.code == .io ? .file(path: folder, reason: error.message, code: EIO) : .torch(error)
        }
    }
}
