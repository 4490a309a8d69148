internal import ArgumentParser
internal import Pipeline
internal import Torch
internal import Transformer

/// `shear export`: a model to a Hugging Face folder, outside of a pipeline.
struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a model as a Hugging Face folder that transformers loads as it is.",
        discussion: "Reads a model folder, an artifact folder of a run, or a .gguf file (dequantised).")

    @Option(help: "A model folder, a .gguf file, or an artifact folder of a run.")
    var model: String
    @Option(help: "The folder to write; it must not exist or be empty.")
    var to: String
    @Option(help: "Type of the stored weights: bfloat16 or float32.")
    var dtype = "bfloat16"
    @Option(help: "The model's name in its card.")
    var name: String?

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            guard let type = DType(rawValue: dtype), type == .float32 || type == .bfloat16 else {
                throw ChosenModel.refused("--dtype \(dtype)", "is none of bfloat16, float32")
            }
            let (loaded, description) = try ChosenModel.load(model)
            try withTransformer { () throws(TransformerError) in
                try ModelFolder.write(
                    loaded, to: to, dtype: type, tokenizer: description.tokenizer, special: description.special,
                    lineage: description.lineage, card: ModelCard(title: name ?? "A LLaMA-family language model"))
            }
            print(to)
        }
    }
}
