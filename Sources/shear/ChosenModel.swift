internal import ArgumentParser
internal import Corpus
internal import FoundationEssentials
internal import Pipeline
internal import Torch
internal import Transformer

/// A model named on the command line.
struct ChosenModel: ParsableArguments {
    @Option(help: "A model folder, a .gguf file, or an artifact folder of a run.")
    var model: String
    @Option(help: "Type of the computation: float32, bfloat16 or float16.")
    var dtype = "float32"
    @Option(help: "Where to compute: cpu or cuda:N.")
    var device = "cpu"

    /// The model's folder or file.
    var path: String { ChosenModel.folder(model) }

    /// The model inside an artifact folder, or the path itself.
    static func folder(_ path: String) -> String {
        let inside = path + "/model"
        return FileManager.default.fileExists(atPath: inside + "/config.json") ? inside : path
    }

    /// Loads the weights, to be run and not trained unless `isFrozen` is false: quantised ones too.
    func load(isFrozen: Bool = true) throws(PipelineError) -> (
        model: LanguageModel, description: ModelFolder.Description
    ) {
        guard let type = DType(rawValue: dtype), [.float32, .bfloat16, .float16].contains(type) else {
            throw ChosenModel.refused("--dtype \(dtype)", "is none of float32, bfloat16, float16")
        }
        let place: Device
        if device == "cpu" {
            place = .cpu
        } else if device.hasPrefix("cuda:"), let index = Int(device.dropFirst(5)) {
            place = .cuda(index)
        } else {
            throw ChosenModel.refused("--device \(device)", "is none of cpu, cuda:0, cuda:1, ...")
        }
        return try ChosenModel.load(model, type, on: place, isFrozen: isFrozen)
    }

    /// Loads the model at a path.
    static func load(
        _ model: String, _ dtype: DType = .float32, on device: Device = .cpu, isFrozen: Bool = false
    ) throws(PipelineError) -> (model: LanguageModel, description: ModelFolder.Description) {
        guard FileManager.default.fileExists(atPath: model) else {
            throw .missingInput(
                MissingInput(
                    path: model, role: "model", remedy: "name a Hugging Face folder, a .gguf file or an artifact folder"
                ))
        }
        return try withTransformer { () throws(TransformerError) in
            try ModelFolder.load(folder(model), computeDType: dtype, on: device, isFrozen: isFrozen)
        }
    }

    /// The tokenizer beside the model, or the one named.
    func tokenizer(_ description: ModelFolder.Description, named: String?) throws(PipelineError) -> any Tokenizer {
        if let named { return try withCorpus { () throws(CorpusError) in try loadTokenizer(at: named) } }
        guard !description.tokenizer.files.isEmpty else {
            throw .missingInput(MissingInput(path: model, role: "tokenizer of", remedy: "name one with --tokenizer"))
        }
        guard path.hasSuffix(".gguf") else {
            return try withCorpus { () throws(CorpusError) in try loadTokenizer(at: path) }
        }
        // A GGUF file carries its tokenizer as metadata: bring it into the form that tokenizers are read from.
        let folder =
            FileManager.default.temporaryDirectory.path
            + "/shear-tokenizer-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
            throw .mismatch("cannot make \(folder)", remedy: "free some space there or set TMPDIR")
        }
        try withTransformer { () throws(TransformerError) in try description.tokenizer.write(to: folder) }
        return try withCorpus { () throws(CorpusError) in try loadTokenizer(at: folder) }
    }

    /// A value of the command line that is none of the known ones.
    static func refused(_ place: String, _ reason: String) -> PipelineError {
        .specification([SpecProblem(file: place, line: nil, keyPath: "", reason: reason)])
    }
}
