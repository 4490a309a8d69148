public import Evaluation
public import Torch

/// `kind: evaluate`: domain losses of models on the validation rows of a packed corpus, and what else is asked for.
public struct EvaluateSpec: Encodable, Sendable, Equatable {
    /// The stages whose models are measured, in the order of the table.
    public var models: [StageID]
    /// The stage whose validation rows are taken.
    public var data: StageID
    /// Which rows of each domain.
    public var rows: RowRange
    public var precision: TrainingSpec.Precision
    /// Task files, each named after the task whose prompts it is asked by.
    public var tasks: [String]
    /// Which of their questions are asked.
    public var split: TaskSplit
    /// Questions of each task at most; 0 takes all.
    public var taskLimit: Int
    /// How speed and memory are measured; nil: not at all.
    public var throughput: ThroughputSettings?

    /// The type of its passes.
    public var computeDType: DType { precision.dtype }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case models, data, rows, precision, tasks, split
        case taskLimit = "task_limit"
        case throughput
    }
}
