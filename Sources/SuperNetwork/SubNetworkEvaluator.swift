public import Evaluation
public import Search
internal import Statistics
public import Torch
public import Transformer

/// Measures the sub-networks of a super-network where they are: each runs as a view of its weights (`SubNetworkView`),
/// so that no weight is moved and nothing is kept from one candidate to the next.
public struct SubNetworkEvaluator: CandidateEvaluator {
    /// The super-network.
    public let model: LanguageModel
    public let space: ElasticSpace
    /// In the order of the scores.
    public let objectives: [CandidateObjective]
    private let sizes: SubNetworkSizes
    private let rows: DomainLoss?
    private let tasks: [MultipleChoice]
    private let speed: ThroughputSettings
    /// Sizes between which candidates must lie.
    private let group: ProcessGroup?
    private let speedThreads: Int?
    private let limits: [(size: CandidateObjective, range: ClosedRange<Double>)]

    /// - Parameters:
    ///   - rows: For `domain_loss`: the rows that candidates are compared on.
    ///   - tasks: For `accuracy:<task>`: the questions of each task, of the split that a search may look at.
    ///   - speed: For latencies: how they are measured.
    ///   - group: Ranks that all hold the model and are asked for the same candidates in the same order: they share the rows
    ///     and questions of each, and all get the same scores; speed is measured by rank 0 alone, and others have none.
    ///   - speedThreads: Threads while speed is measured, where they are others than those that the ranks of a machine share.
    ///   - limits: Sizes (computed objectives) and the ranges that candidates must lie in; others are never measured.
    /// - Throws: `SuperNetworkError.space` when the space does not fit the model; `.evaluation` when an objective lacks
    ///   what it is measured on, or is given questions of another split.
    public init(
        _ model: LanguageModel, space: ElasticSpace, objectives: [CandidateObjective], rows: DomainLoss? = nil,
        tasks: [MultipleChoice] = [], speed: ThroughputSettings = ThroughputSettings(),
        group: ProcessGroup? = nil, speedThreads: Int? = nil,
        limits: [(size: CandidateObjective, range: ClosedRange<Double>)] = []
    ) throws(SuperNetworkError) {
        sizes = try SubNetworkSizes(space, of: model.architecture)
        do throws(EvaluationError) {
            for objective in objectives {
                if objective == .domainLoss, rows == nil {
                    throw .request(reason: "domain_loss was asked for without rows", remedy: "name held-out rows")
                }
                guard case .accuracy(let name) = objective else { continue }
                guard let given = tasks.first(where: { $0.task.name == name }) else {
                    throw .request(
                        reason: "accuracy:\(name) was asked for, and the tasks are "
                            + (tasks.isEmpty ? "none" : tasks.map(\.task.name).joined(separator: ", ")),
                        remedy: "name its file among the tasks")
                }
                try given.task.require(.search, for: "a search")
            }
        } catch { throw .evaluation(error) }
        self.model = model
        self.space = space
        self.objectives = objectives
        self.rows = rows
        self.tasks = tasks
        self.speed = speed
        self.limits = limits
        self.group = group
        self.speedThreads = speedThreads
    }

    public func scores(_ genomes: [Genome]) throws(SuperNetworkError) -> [[Double]] {
        var scores: [[Double]] = []
        for genome in genomes { scores.append(try measure(try space.view(of: genome))) }
        return scores
    }

    public func computedScores(_ genome: Genome) -> [Double] {
        let size = size(genome)
        return objectives.compactMap { $0.value(of: size) }
    }

    /// By how much sizes lie outside their ranges, as shares of the ranges' upper ends.
    public var violation: ((Genome) -> Double)? { limits.isEmpty ? nil : excess }

    private func excess(_ genome: Genome) -> Double {
        let size = size(genome)
        return limits.reduce(0) { sum, limit in
            guard let value = limit.size.value(of: size) else { return sum }
            let outside = max(limit.range.lowerBound - value, value - limit.range.upperBound, 0)
            return sum + outside / max(abs(limit.range.upperBound), 1)
        }
    }

    private func size(_ genome: Genome) -> SubNetworkSize {
        do throws(SuperNetworkError) { return try sizes(genome) } catch {
            preconditionFailure("a search asks about genomes of its own space: \(error)")
        }
    }

    /// The speed of one sub-network; nil on ranks beside rank 0, which rest meanwhile: they would take its processors.
    private func measureSpeed(in context: ForwardContext) throws(SuperNetworkError) -> MeasuredSpeed? {
        var speed: MeasuredSpeed?
        if group?.isFirst ?? true {
            let shared = Engine.threads
            try withTorch { () throws(TorchError) in try Engine.setThreads(speedThreads ?? shared) }
            do throws(EvaluationError) { speed = try Throughput.measure(model, self.speed, in: context) } catch {
                throw .evaluation(error)
            }
            try withTorch { () throws(TorchError) in try Engine.setThreads(shared) }
        }
        if let group { try withTorch { () throws(TorchError) in try group.waitForFirst() } }
        return speed
    }

    /// The measured objectives of one sub-network, in order; not a number where the model gives none.
    private func measure(_ view: SubNetworkView) throws(SuperNetworkError) -> [Double] {
        let context = ForwardContext(view: view)
        let latency = try objectives.contains(where: \.isTimed) ? measureSpeed(in: context) : nil
        do throws(EvaluationError) {
            var scores: [Double] = []
            for objective in objectives {
                switch objective {
                case .domainLoss: scores.append(try rows?.measure(model, view: view, over: group).meanLoss ?? .nan)
                case .accuracy(let name):
                    let task = tasks.first { $0.task.name == name }
                    scores.append(try task?.measure(model, in: context, over: group).result.value ?? .nan)
                case .prefillLatency:
                    scores.append(
                        latency.map { 1e3 * Double($0.rows * $0.columns) / $0.prefillTokensPerSecond } ?? .nan)
                case .decodeLatency:
                    scores.append(latency.map { 1e3 * Double($0.rows) / $0.decodeTokensPerSecond } ?? .nan)
                case .parameters, .halfPrecisionBytes, .int8Bytes, .int4Bytes, .keyValueBytes: continue
                }
            }
            return scores
        } catch { throw .evaluation(error) }
    }
}
