internal import Torch
internal import Transformer

// A model between stages: a Hugging Face folder at `model/` of an artifact, in float32, with its tokenizer.

extension Artifact {
    /// Where an artifact that holds a model keeps it.
    var modelPath: String { file(StagedDirectory.modelName) }
}

extension StagedDirectory {
    static let modelName = "model"

    /// Where a stage that makes a model writes it.
    var modelPath: String { file(StagedDirectory.modelName) }
}

extension Workbench {
    /// The model of a stage that this one reads, with what its folder says of it.
    /// - Parameter device: where the weights go; nil: where this stage computes.
    /// - Throws: `.transformer` when it cannot be read.
    func model(
        of stage: StageID, computeDType: DType, on device: Device? = nil, isFrozen: Bool = false
    ) throws(PipelineError) -> (model: LanguageModel, description: ModelFolder.Description) {
        let path = artifact(stage).modelPath
        return try withTransformer { () throws(TransformerError) in
            try ModelFolder.load(path, computeDType: computeDType, on: device ?? self.device, isFrozen: isFrozen)
        }
    }

    /// Writes a model as later stages read it, in place of what an earlier attempt has left.
    /// - Parameter folder: the stage's folder while it runs.
    /// - Throws: `.transformer` or `.file` when it cannot be written.
    func write(
        _ model: LanguageModel, tokenizer: TokenizerFiles, special: SpecialTokens, into folder: String
    ) throws(PipelineError) {
        let path = folder + "/" + StagedDirectory.modelName
        try Folder.remove(path)
        try withTransformer { () throws(TransformerError) in
            try ModelFolder.write(
                model, to: path, dtype: .float32, tokenizer: tokenizer, special: special, lineage: lineageMetadata,
                card: ModelCard(title: "\(pipeline): \(id)"), form: .perBlock)
        }
    }
}
