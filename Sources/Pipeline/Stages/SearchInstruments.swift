internal import Corpus
internal import Evaluation
internal import Search
internal import SuperNetwork
internal import Torch
internal import Transformer

/// What a `search` stage measures candidates with, from the artifacts it reads.
struct SearchInstruments {
    let evaluator: SubNetworkEvaluator
    let searchSpace: SearchSpace
    /// A reference value for each objective that is stated or computed: 5 percent more than the largest sub-network's.
    let reference: [String: Double]
    /// Tokens that go through the model for each candidate.
    let tokensPerCandidate: Int
    private let rowTokens: Int
    private let timedTokens: Int
    private let sequenceLength: Int
    private let tasks: [MultipleChoice]
    private let speed: ThroughputSettings

    init(_ spec: SearchSpec, _ bench: Workbench) throws(PipelineError) {
        let artifact = bench.artifact(spec.from)
        let space = try ElasticFile.read(from: artifact).space
        let model = try bench.model(of: spec.from, computeDType: spec.precision.dtype, isFrozen: true).model
        var rowTokens = 0
        var rows: DomainLoss?
        if let data = spec.data {
            rows = try SearchInstruments.rows(spec, of: bench.artifact(data), for: artifact, bench)
        }
        let length = rows?.corpus.sequenceLength ?? 0
        if let rows, let range = spec.rows {
            rowTokens = length * rows.corpus.validationRowCounts.reduce(0) { $0 + range.taken(of: $1) }
        }
        let tasks =
            try spec.tasks.isEmpty
            ? []
            : questions(
                of: spec.tasks, split: .search, limit: spec.taskLimit, in: artifact.taskTokenizer(),
                positions: model.architecture.maximumPositions)
        let speed = spec.throughput ?? ThroughputSettings()
        let timedTokens =
            spec.objectives.contains(where: \.isTimed)
            ? (speed.warmups + speed.repeats) * speed.rows * (speed.columns + speed.decoded) : 0
        do throws(SuperNetworkError) {
            evaluator = try SubNetworkEvaluator(
                model, space: space, objectives: spec.objectives, rows: rows, tasks: tasks, speed: speed,
                group: bench.group, speedThreads: PipelineRun.threads(bench.runtime.threads, sharedBy: nil),
                limits: spec.within.compactMap { name, limits in
                    CandidateObjective(name).map { ($0, limits.from...limits.to) }
                })
            searchSpace = try space.searchSpace()
        } catch { throw .superNetwork(error) }
        tokensPerCandidate = rowTokens + tasks.reduce(0) { $0 + $1.tokenCount } + timedTokens
        self.rowTokens = rowTokens
        self.timedTokens = timedTokens
        self.tasks = tasks
        self.speed = speed
        sequenceLength = length
        let computed = spec.objectives.map(\.searched).filter { $0.source == .computed }.map(\.name)
        reference = Dictionary(zip(computed, evaluator.computedScores(space.fullGenome).map { 1.05 * $0 })) { $1 }
            .merging(spec.reference) { $1 }
    }

    /// Operations of all candidates by the cost model.
    func operations(of archive: [MeasuredCandidate]) throws(PipelineError) -> Double {
        var sum = 0.0
        for candidate in archive {
            let view = try withSuperNetwork { () throws(SuperNetworkError) in
                try evaluator.space.view(of: candidate.genome)
            }
            let shape = evaluator.model.architecture.viewed(by: view)
            var cost = ReadCost()
            cost.add(rowTokens, through: shape, length: sequenceLength)
            cost.add(timedTokens, through: shape, length: speed.columns)
            sum += tasks.reduce(cost.operations) { $0 + $1.forwardOperations(shape) }
        }
        return sum
    }

    private static func rows(
        _ spec: SearchSpec, of packed: Artifact, for model: Artifact, _ bench: Workbench
    ) throws(PipelineError) -> DomainLoss {
        let corpus = try packed.packedCorpus()
        try model.requireVocabulary(of: corpus, packed)
        return try bench.heldOutLoss(on: spec.rows ?? RowRange(), of: corpus, packed)
    }
}
