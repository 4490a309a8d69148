public import Corpus
internal import Evaluation
public import Torch
public import Transformer

/// A frozen model whose distributions a student follows, and how closely.
public struct Teacher {
    /// Never changed, and run without gradients.
    public let model: LanguageModel
    public let settings: DistillationSettings

    /// - Parameters:
    ///   - model: A model of the student's vocabulary and compute type on its device; hidden size and depth are free.
    ///   - student: Who learns from it.
    /// - Throws: `TrainingError.setting` when the two do not go together or a setting cannot be meant.
    public init(
        _ model: LanguageModel, settings: DistillationSettings = DistillationSettings(), of student: LanguageModel
    ) throws(TrainingError) {
        try settings.check()
        let (own, other) = (student.architecture.vocabularySize, model.architecture.vocabularySize)
        guard own == other else {
            throw .setting(name: "the teacher's vocabulary", found: "\(other) tokens", expected: "the student's \(own)")
        }
        guard student.computeDType == model.computeDType, student.device == model.device else {
            throw .setting(
                name: "the teacher", found: "\(model.computeDType.rawValue) on \(model.device)",
                expected: "the student's \(student.computeDType.rawValue) on \(student.device)")
        }
        self.model = model
        self.settings = settings
    }

    /// What it says of a batch, `[rows, columns, hidden]`: computed once, whatever number of students reads it.
    /// - Throws: `TorchError.index` for an unknown token, `.outOfMemory`.
    public func hidden(of batch: TokenBatch) throws(TorchError) -> Tensor {
        try withoutGradients { () throws(TorchError) in try model.hidden(of: batch) }
    }

    /// The losses of a student on the batch that the teacher has read.
    /// - Parameters:
    ///   - hidden_BTH: What the student's `hidden(of:)` gave, with its graph.
    ///   - known_BTG: What `hidden(of:)` gave for the same batch.
    /// - Throws: `TorchError.invalidArgument` when the two are of different batches.
    public func losses(
        of student: LanguageModel, _ hidden_BTH: Tensor, on batch: TokenBatch, known known_BTG: Tensor
    ) throws(TorchError) -> LanguageModel.DistillationLosses {
        try student.distillationLosses(
            hidden_BTH, student.targets(of: batch), from: model, known_BTG, share: settings.weight,
            temperature: settings.temperature)
    }
}
