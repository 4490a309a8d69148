public import Torch

/// A stage that trains a model on packed rows, alone or after a teacher.
public protocol TrainingStageSpec: StageSpec {
    /// The stage whose model is trained.
    var start: StageID { get }
    /// The stage whose packed rows are learned from.
    var data: StageID { get }
    var training: TrainingSpec { get }
    /// Whom the model follows; nil learns from the text alone.
    var distill: DistillSpec? { get }
}

extension TrainingStageSpec {
    public var needs: [StageNeed] {
        [StageNeed(key: "start", stage: start, kind: .model), StageNeed(key: "data", stage: data, kind: .corpus)]
            + training.mixture.needs + (distill.map { [$0.need] } ?? [])
    }

    public var steps: Int? { training.steps }
    public var seed: UInt64? { training.seed }
    public var usesSeed: Bool { true }
    public var isShared: Bool { true }
    public var computeDType: DType { training.precision.dtype }

    public func problems() -> [KeyProblem] { training.problems }
}
