public import Corpus
public import Torch
public import Transformer

/// What is minimised, and by changing what: the one extension point of training.
///
/// Steps count from 0 here: `step` is the number of steps already taken. Within a step the trainer calls `willStep`
/// once, `loss` and, after its backward pass, `didBackward` for each micro-batch, changes the parameters, and calls
/// `didStep` once.
public protocol Objective {
    /// What of the objective's state is no tensor; written to JSON.
    associatedtype State: Codable & Sendable

    /// What the optimizer changes. The same groups, in the same order, at each call.
    var parameterGroups: [ParameterGroup] { get }

    /// Prepares a step: what all its micro-batches share (a draw of masks) is made here, as a function of the objective's
    /// seed, `step` and the parameters, and of nothing else.
    /// - Throws: Whatever the objective's own arithmetic can throw.
    mutating func willStep(_ step: Int, _ model: LanguageModel) throws(TrainingError)

    /// How often each micro-batch of the present step goes through the model; read after `willStep`. What the passes
    /// give is added up, and the tensors of one are freed before the next.
    var passCount: Int { get }

    /// One pass of a micro-batch, `0 ..< passCount`; the plain `loss` unless an objective has several.
    /// - Throws: Whatever the forward pass can throw.
    mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, pass: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss

    /// The loss of one micro-batch.
    /// - Parameter tape: What the forward pass is recorded on when blocks are recomputed (`ForwardContext.checkpointing`);
    ///   the trainer carries the gradients through it.
    /// - Throws: Whatever the forward pass can throw.
    mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss

    /// Follows each backward pass: where the pass went through copies of parameters, their gradients are added to the
    /// parameters' own here.
    /// - Throws: `.outOfMemory`.
    func didBackward() throws(TorchError)

    /// Follows the optimizer: projections and clamps of the objective's own parameters belong here.
    /// - Parameter metrics: What the step did; `metrics.step` is the number of steps taken now.
    /// - Throws: Whatever the objective's own arithmetic can throw.
    mutating func didStep(_ metrics: StepMetrics) throws(TrainingError)

    /// Tensors that a resumed run needs and that are in no parameter group, by unique names.
    var stateTensors: [(name: String, tensor: Tensor)] { get }
    /// The rest of what a resumed run needs.
    var state: State { get }
    /// Takes back what `state` and `stateTensors` gave. The groups' parameters are restored already.
    /// - Throws: `TrainingError` when they do not fit this objective.
    mutating func restore(_ state: State, tensors: [String: Tensor]) throws(TrainingError)

    /// Numbers about the present state for the log, such as `mask/hidden/expected`.
    /// - Throws: Whatever the objective's own arithmetic can throw.
    func metrics() throws(TrainingError) -> [String: Double]
    /// The masks under which the model is evaluated; `nil` for none.
    /// - Throws: Whatever the objective's own arithmetic can throw.
    func evaluationMasks() throws(TrainingError) -> LayerMasks?
    /// Whether nothing is left to do, so that the run ends early.
    var isFinished: Bool { get }
}

extension Objective {
    public mutating func willStep(_ step: Int, _ model: LanguageModel) throws(TrainingError) {}
    public var passCount: Int { 1 }
    public mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, pass: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss {
        try loss(model, batch, step: step, tape: tape)
    }
    public func didBackward() throws(TorchError) {}
    public mutating func didStep(_ metrics: StepMetrics) throws(TrainingError) {}
    public var stateTensors: [(name: String, tensor: Tensor)] { [] }
    public func metrics() throws(TrainingError) -> [String: Double] { [:] }
    public func evaluationMasks() throws(TrainingError) -> LayerMasks? { nil }
    public var isFinished: Bool { false }
}

/// The state of an objective that has none.
public struct NoState: Codable, Sendable, Equatable {
    public init() {}
}

extension Objective where State == NoState {
    public var state: NoState { NoState() }
    public mutating func restore(_ state: NoState, tensors: [String: Tensor]) throws(TrainingError) {}
}
