internal import Evaluation
internal import Search
internal import SuperNetwork
internal import Torch
internal import Training

/// `search`: writes `journal.csv`, a row per measured sub-network, and `front.json`, the best of them and how they were
/// reached. Stopped at any candidate it goes on from its journal. Of several ranks the first searches, and all measure.
extension SearchSpec: StageSpec {
    public static let revision = 2

    /// Files of its artifact.
    static let journalName = "journal.csv"
    static let frontName = "front.json"

    public var needs: [StageNeed] {
        [StageNeed(key: "from", stage: from, kind: .superNetwork)]
            + (data.map { [StageNeed(key: "data", stage: $0, kind: .corpus)] } ?? [])
    }

    public var outsideInputs: [OutsideInput] {
        tasks.enumerated().map { OutsideInput(key: "tasks[\($0.offset)]", path: $0.element, role: .task) }
    }

    public var heldOut: HeldOutUse? {
        HeldOutUse(
            purpose: .search,
            corpora: data.map { [HeldOutUse.Corpus(data: $0, rows: rows ?? RowRange(), key: "rows")] } ?? [],
            tasks: tasks.enumerated().map {
                HeldOutUse.Task(path: $0.element, split: .search, key: "tasks[\($0.offset)]")
            })
    }

    public var usesSeed: Bool { true }
    public var isShared: Bool { true }
    public var steps: Int? { evaluations }

    /// - Throws: As `StageSpec.run(on:into:)`.
    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        let instruments = try SearchInstruments(self, bench)
        guard bench.speaks else { return try follow(instruments, bench) }
        var search = try withSearch { () throws(SearchError) in
            try EvolutionarySearch(
                space: instruments.searchSpace, objectives: objectives.map(\.searched), method: method,
                population: population, predictions: max(predictions, population), seed: bench.seed)
        }
        let journal = try withSearch { () throws(SearchError) in
            try SearchJournal(path: output.file(SearchSpec.journalName), objectives: search.objectives)
        }
        try withSearch { () throws(SearchError) in
            try search.resume(journal.evaluations, with: instruments.evaluator)
        }
        let names = objectives.map(\.name)
        var candidates = StoppableCandidates(instruments.evaluator, bench, done: search.archive.count)
        try search.run(evaluations: evaluations, with: &candidates) { (candidate) throws(PipelineError) in
            try withSearch { () throws(SearchError) in try journal.append(candidate) }
            let done = candidate.id + 1
            bench.post(.checkpoint(id: bench.id, step: done))
            if done == 1 || done == evaluations || done % bench.runtime.logEvery == 0 {
                bench.post(.candidate(id: bench.id, of: evaluations, objectives: names, candidate: candidate))
            }
        }
        try candidates.end()
        try bench.countAll()
        if search.archive.count < evaluations {
            bench.note("the space has \(search.archive.count) sub-networks and no more; all were measured")
        }
        let summary = try withSearch { () throws(SearchError) in
            try SearchSummary(search, reference: search.reference(given: instruments.reference))
        }
        try output.write(summary, to: SearchSpec.frontName)
        return StageResult(
            tokens: search.archive.count * instruments.tokensPerCandidate,
            floatingPointOperations: try instruments.operations(of: search.archive),
            facts: SearchSpec.facts(summary, search.archive))
    }

    /// Measures what rank 0 asks for, until it has found enough.
    private func follow(_ instruments: SearchInstruments, _ bench: Workbench) throws(PipelineError) -> StageResult {
        var done = 0
        while let genomes = try bench.askedGenomes() {
            try bench.endIfAnyStopped(at: done)
            _ = try withSuperNetwork { () throws(SuperNetworkError) in try instruments.evaluator.scores(genomes) }
            done += genomes.count
        }
        try bench.countAll()
        return StageResult()
    }

    /// What a search has found.
    /// - Throws: `.damagedArtifact` when `front.json` is not what the stage writes.
    static func summary(of artifact: Artifact) throws(PipelineError) -> SearchSummary {
        let path = artifact.file(frontName)
        let bytes = try Folder.read(path)
        guard let summary = try? CanonicalJSON.value(SearchSummary.self, from: bytes),
            summary.schema == SearchSummary.currentSchema
        else { throw .damagedArtifact(path: path, problem: "it is not what a search writes") }
        return summary
    }

    /// What tables and reports quote.
    private static func facts(_ summary: SearchSummary, _ archive: [MeasuredCandidate]) -> RecordValue {
        let names = summary.front.objectives.map(\.name)
        func byName(_ values: [Double]) -> RecordValue {
            .object(Dictionary(zip(names, values.map { .number($0) })) { first, _ in first })
        }
        var facts: [String: RecordValue] = [
            "method": .string(summary.method.rawValue), "evaluations": .integer(summary.evaluations),
            "front": .integer(summary.front.members.count), "hypervolume": .number(summary.front.hypervolume),
            "reference": byName(summary.front.reference),
            "candidate_seconds": .number(archive.reduce(0) { $0 + $1.seconds }),
            "predictors": RecordValue(summary.predictors),
        ]
        if let knee = summary.front.knee {
            facts["knee"] = .object([
                "id": .integer(knee.id), "genome": .string("\(knee.genome)"), "scores": byName(knee.scores),
            ])
        }
        return .object(facts)
    }
}

/// Candidates that are measured until the process is asked to stop.
private struct StoppableCandidates: CandidateEvaluator {
    private let evaluator: SubNetworkEvaluator
    private let bench: Workbench
    private var done: Int

    init(_ evaluator: SubNetworkEvaluator, _ bench: Workbench, done: Int) {
        self.evaluator = evaluator
        self.bench = bench
        self.done = done
    }

    mutating func scores(_ genomes: [Genome]) throws(PipelineError) -> [[Double]] {
        try bench.ask(genomes)
        try bench.endIfAnyStopped(at: done)
        let scores = try withSuperNetwork { () throws(SuperNetworkError) in try evaluator.scores(genomes) }
        done += genomes.count
        return scores
    }

    /// Tells the other ranks that there is nothing more to measure.
    func end() throws(PipelineError) { try bench.ask([]) }

    func computedScores(_ genome: Genome) -> [Double] { evaluator.computedScores(genome) }
    var violation: ((Genome) -> Double)? { evaluator.violation }
}

extension Workbench {
    /// Asks the other ranks to measure these with this one; none: that was all.
    fileprivate func ask(_ genomes: [Genome]) throws(PipelineError) {
        guard let group else { return }
        try withTorch { () throws(TorchError) in
            try group.waitForFirst()
            _ = try group.shared(genomes.map(\.description).joined(separator: " "))
        }
    }

    /// What rank 0 asks for, however long it thinks; nil when that was all.
    fileprivate func askedGenomes() throws(PipelineError) -> [Genome]? {
        guard let group else { return nil }
        let text = try withTorch { () throws(TorchError) in
            try group.waitForFirst()
            return try group.shared(nil)
        }
        if text.isEmpty { return nil }
        return text.split(separator: " ").compactMap { Genome(String($0)) }
    }
}
