public import Evaluation
public import Search
public import SuperNetwork
public import Torch

/// `kind: search`: a search for the best sub-networks of a super-network, by two or three objectives at once.
public struct SearchSpec: Encodable, Sendable, Equatable {
    /// The stage whose super-network is searched.
    public var from: StageID
    /// What candidates are judged by.
    public var objectives: [CandidateObjective]
    /// The stage whose validation rows `domain_loss` is measured on.
    public var data: StageID?
    /// Which of them; a report must leave them out.
    public var rows: RowRange?
    /// The task files of accuracies, of which the questions of the split `search` are asked.
    public var tasks: [String]
    /// Questions of each task at most; 0 takes all of the split.
    public var taskLimit: Int
    /// How latencies are measured; nil: as is usual.
    public var throughput: ThroughputSettings?
    public var method: SearchMethod
    /// Candidates of a round.
    public var population: Int
    /// Candidates that are measured in all.
    public var evaluations: Int
    /// Candidates that a round of `linas` predicts.
    public var predictions: Int
    /// The point up to which hypervolume counts, by objective; objectives that are missing get one from the search.
    public var reference: [String: Double]
    /// Sizes between which all candidates lie, both ends included, by name.
    public var within: [String: Limits]
    public var precision: TrainingSpec.Precision
    /// The stage's seed; the pipeline's when not stated.
    public var seed: UInt64?

    /// A range of a size.
    public struct Limits: Encodable, Sendable, Equatable {
        public var from: Double
        public var to: Double
    }

    /// The type of its passes.
    public var computeDType: DType { precision.dtype }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case from, objectives, data, rows, tasks
        case taskLimit = "task_limit"
        case throughput, method, population, evaluations, predictions, reference, within, precision, seed
    }

    /// What decides nothing is left out.
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(from, forKey: .from)
        try container.encode(objectives.map(\.name), forKey: .objectives)
        try container.encodeIfPresent(data, forKey: .data)
        try container.encodeIfPresent(rows, forKey: .rows)
        if !tasks.isEmpty {
            try container.encode(tasks, forKey: .tasks)
            try container.encode(taskLimit, forKey: .taskLimit)
        }
        if objectives.contains(where: \.isTimed) {
            try container.encode(throughput ?? ThroughputSettings(), forKey: .throughput)
        }
        try container.encode(method, forKey: .method)
        try container.encode(population, forKey: .population)
        try container.encode(evaluations, forKey: .evaluations)
        if method == .linas { try container.encode(predictions, forKey: .predictions) }
        if !reference.isEmpty { try container.encode(reference, forKey: .reference) }
        if !within.isEmpty { try container.encode(within, forKey: .within) }
        try container.encode(precision, forKey: .precision)
        try container.encodeIfPresent(seed, forKey: .seed)
    }
}
