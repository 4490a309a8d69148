public import Corpus
internal import Evaluation
internal import Torch
public import Training
public import Transformer

/// One fine-tuning that makes every sub-network of a space usable: each step trains one or several of them as views of
/// the same weights.
///
/// A step's loss is the mean over its networks; each network takes a pass of its own, so that the activations of one
/// are held at a time. What a view leaves out gets no gradient, or zeros: its weights move only by what the optimizer
/// remembers, or because another network of the step uses them. With a teacher every network follows it, as in InstaTune
/// (arXiv 2308.15609); the teacher reads each micro-batch once.
///
/// Metrics, nats per counted token: `elastic/<network>`, the cross-entropy of each network of the step; with a teacher
/// `elastic/<network>/divergence`; and `elastic/parameters`, the mean size of the step's networks. Evaluations measure
/// the whole network.
public struct ElasticObjective: Objective {
    public let parameterGroups: [ParameterGroup]
    /// Which networks each step runs.
    public let draws: ElasticDraws
    /// Whom all networks follow; nil: the text alone.
    public let teacher: Teacher?
    private let sizes: SubNetworkSizes
    /// The networks of the present step.
    private var networks: [(name: String, view: SubNetworkView?)] = []
    private var meanParameters = 0.0
    /// What the teacher says of the present micro-batch.
    private var known_BTG: Tensor?

    /// - Parameters:
    ///   - model: Whose weights are trained: the super-network.
    ///   - seed: Decides the draws.
    ///   - rate: The peak rate; `nil`: the training settings'.
    /// - Throws: `SuperNetworkError.space` when the space does not fit the model, `.settings`.
    public init(
        _ model: LanguageModel, space: ElasticSpace, settings: ElasticSettings = ElasticSettings(),
        teacher: Teacher? = nil, seed: UInt64, rate: Double? = nil
    ) throws(SuperNetworkError) {
        let problems = settings.problems()
        guard problems.isEmpty else { throw .settings(problems: problems) }
        sizes = try SubNetworkSizes(space, of: model.architecture)
        draws = ElasticDraws(space, settings: settings, seed: seed)
        self.teacher = teacher
        parameterGroups = [ParameterGroup(name: "weights", parameters: model.parameters, rate: rate)]
    }

    public mutating func willStep(_ step: Int, _ model: LanguageModel) throws(TrainingError) {
        do throws(SuperNetworkError) {
            networks = []
            meanParameters = 0
            let drawn = draws.networks(at: step)
            for network in drawn {
                let isFull = network.genome == draws.space.fullGenome
                networks.append((network.name, isFull ? nil : try draws.space.view(of: network.genome)))
                meanParameters += Double(try sizes(network.genome).parameters) / Double(drawn.count)
            }
        } catch { throw .objective(error) }
    }

    public var passCount: Int { max(networks.count, 1) }

    public mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss {
        try loss(model, batch, step: step, pass: 0, tape: tape)
    }

    public mutating func loss(
        _ model: LanguageModel, _ batch: TokenBatch, step: Int, pass: Int, tape: CheckpointTape?
    ) throws(TrainingError) -> ObjectiveLoss {
        let (name, view) = networks[pass]
        let share = 1 / Double(networks.count)
        let perToken = 1 / Double(max(batch.countedTokens, 1))
        do throws(TorchError) {
            guard let teacher else {
                let rowSums_B = try model.rowLosses(of: batch, view: view, tape: tape)
                return ObjectiveLoss(
                    rowSums_B: try rowSums_B * share,
                    scalars: [("elastic/\(name)", try rowSums_B.detached().sum() * perToken)])
            }
            if pass == 0 { known_BTG = try teacher.hidden(of: batch) }
            guard let known_BTG else { preconditionFailure("a later pass came before the first one") }
            if pass + 1 == networks.count { self.known_BTG = nil }
            let losses = try teacher.losses(
                of: model, model.hidden(of: batch, view: view, tape: tape), on: batch, known: known_BTG)
            return ObjectiveLoss(
                rowSums_B: try losses.loss_BT.sum(over: [1]) * share,
                scalars: [
                    ("elastic/\(name)", try losses.crossEntropy_BT.sum() * perToken),
                    ("elastic/\(name)/divergence", try losses.divergence_BT.sum() * perToken),
                ])
        } catch { throw .torch(error) }
    }

    public func metrics() throws(TrainingError) -> [String: Double] { ["elastic/parameters": meanParameters] }
}
