internal import FoundationEssentials
public import Torch

/// The one form of every model on disk: a Hugging Face folder of `config.json`, `generation_config.json`, tokenizer
/// files, safetensors and a `README.md`. Models whose blocks differ have the same form with a model type of our own.
public enum ModelFolder {
    /// What a model folder or GGUF file says about itself, read without its weights.
    public struct Description: Sendable {
        /// Where it lies.
        public let path: String
        /// The architecture.
        public let architecture: Architecture
        /// The ids that begin, end and pad a text.
        public let special: SpecialTokens
        /// The tokenizer's files; empty when there are none.
        public let tokenizer: TokenizerFiles
        /// Where the weights come from, as exports of ours state it; empty for other models.
        public let lineage: [String: String]
        /// How the projections are quantised; nil for a dense model.
        public var quantization: QuantizationScheme?
    }

    /// The key of the safetensors metadata that holds the lineage, a JSON object of texts.
    static let lineageKey = "shearling.lineage"

    /// Reads configuration, tokenizer and lineage of a folder or of a `.gguf` file; no weights.
    /// - Throws: `TransformerError.file`, `.configuration`, `.unsupported` or `.gguf`.
    public static func describe(_ path: String) throws(TransformerError) -> Description {
        if isGGUF(path) {
            let source = try GGUFImport(path: path)
            return Description(
                path: path, architecture: source.architecture, special: source.special,
                tokenizer: try source.tokenizer(),
                lineage: [:])
        }
        let (architecture, special, quantization) = try configuration(path)
        let weights = try? SafetensorsFolder(path: path)
        return Description(
            path: path, architecture: architecture, special: special, tokenizer: TokenizerFiles(inFolder: path),
            lineage: lineage(weights?.metadata ?? [:]), quantization: quantization)
    }

    /// Reads the architecture of a folder or of a `.gguf` file, nothing else.
    /// - Throws: as ``describe(_:)``.
    public static func architecture(_ path: String) throws(TransformerError) -> Architecture {
        isGGUF(path) ? try GGUFImport(path: path).architecture : try configuration(path).architecture
    }

    /// Reads a model from a Hugging Face folder or a `.gguf` file. Every weight must be there with its shape, and no
    /// other.
    /// - Parameter isFrozen: The model is only run, never trained: it keeps weights of the compute type alone, and may be
    ///   quantised.
    /// - Throws: `TransformerError` naming file, tensor, found and expected shape.
    public static func load(
        _ path: String, computeDType: DType = .float32, on device: Device = .cpu, isFrozen: Bool = false
    ) throws(TransformerError) -> (model: LanguageModel, description: Description) {
        if isGGUF(path) {
            let source = try GGUFImport(path: path)
            let description = Description(
                path: path, architecture: source.architecture, special: source.special,
                tokenizer: try source.tokenizer(),
                lineage: [:])
            return (try source.model(computeDType: computeDType, on: device, isFrozen: isFrozen), description)
        }
        let (architecture, special, quantization) = try configuration(path)
        let folder = try open(path)
        let description = Description(
            path: path, architecture: architecture, special: special, tokenizer: TokenizerFiles(inFolder: path),
            lineage: lineage(folder.metadata), quantization: quantization)
        if let quantization {
            guard isFrozen else { throw .quantized(path: path, scheme: quantization) }
            return (
                try quantizedModel(
                    architecture, quantization, folder, path: path, computeDType: computeDType, on: device),
                description
            )
        }
        let model = try LanguageModel(
            architecture, names: storedNames(folder, architecture), computeDType: computeDType, on: device,
            isFrozen: isFrozen, source: weightsPath(path)
        ) { (name) throws(TransformerError) in
            let tensor = try withTorch { () throws(TorchError) in try folder.tensor(name) }
            guard [.float32, .bfloat16, .float16].contains(tensor.dtype) else {
                throw .tensorType(
                    path: weightsPath(path), tensor: name, found: tensor.dtype.rawValue,
                    supported: "float32, bfloat16 and float16")
            }
            return tensor
        }
        return (model, description)
    }

    // MARK: Parts

    static func isGGUF(_ path: String) -> Bool {
        path.hasSuffix(".gguf")
    }

    private static func configuration(
        _ path: String
    ) throws(TransformerError) -> (architecture: Architecture, special: SpecialTokens, QuantizationScheme?) {
        let file = path + "/config.json"
        let bytes = try readFile(file)
        let config: JSONValue
        do { config = try JSONValue(parsing: bytes) } catch {
            throw .configuration(path: file, key: "(root)", found: "text that is not JSON", expected: "a JSON object")
        }
        let architecture = try Architecture(huggingFaceConfig: config, path: file)
        return (architecture, SpecialTokens(config), try quantization(config, of: architecture, path: file))
    }

    private static func open(_ path: String) throws(TransformerError) -> SafetensorsFolder {
        let hasWeights = ["model.safetensors", "model.safetensors.index.json"].contains {
            FileManager.default.fileExists(atPath: path + "/" + $0)
        }
        guard hasWeights else {
            throw .file(
                path: path,
                reason:
                    "it holds neither model.safetensors nor model.safetensors.index.json; pickled weights (.bin) are not "
                    + "read: convert them to safetensors with transformers' save_pretrained")
        }
        return try withTorch { () throws(TorchError) in try SafetensorsFolder(path: path) }
    }

    static func weightsPath(_ path: String) -> String {
        let index = path + "/model.safetensors.index.json"
        return FileManager.default.fileExists(atPath: index) ? index : path + "/model.safetensors"
    }

    /// The stored tensors that are weights: not the rotary buffers of old files, not a second copy of a tied head.
    static func storedNames(_ folder: SafetensorsFolder, _ architecture: Architecture) -> Set<String> {
        Set(
            folder.names.filter {
                !$0.hasSuffix(".rotary_emb.inv_freq") && !(architecture.tiedEmbeddings && $0 == WeightTable.name(.head))
            })
    }

    private static func lineage(_ metadata: [String: String]) -> [String: String] {
        guard let text = metadata[lineageKey] else { return [:] }
        return (try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))) ?? [:]
    }
}
