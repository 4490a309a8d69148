internal import Search
internal import SuperNetwork
internal import Torch
internal import Transformer

/// `extract`: writes `model/`, the part of a super-network with weights of its own, and `subnet.json`, which says which
/// part it is.
extension ExtractSpec: StageSpec {
    public static let revision = 1

    public var needs: [StageNeed] {
        var needs = [StageNeed(key: "from", stage: from, kind: .superNetwork)]
        if case .picked(_, let search) = choice {
            needs.append(StageNeed(key: "search", stage: search, kind: .front))
        }
        return needs
    }

    public func problems() -> [KeyProblem] { [] }

    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        if case .picked(let pick, let id) = choice, let search = context[id]?.search {
            if search.from != from {
                outlook.problems.append(
                    (
                        "search",
                        "'\(id)' searches the super-network '\(search.from)', and 'from' is '\(from)'; name the one that was searched"
                    ))
            }
            if let problem = pick.problem(with: search, named: id) { outlook.problems.append(("pick", problem)) }
        }
        guard let source = context[from]?.architecture, let space = context[from]?.space else { return outlook }
        outlook.source = source
        do throws(PipelineError) {
            var front: Artifact?
            if case .picked(_, let search) = choice {
                front = context.artifacts[search]
                if front == nil {
                    addChoices(of: space, in: source, search, context, to: &outlook)
                    return outlook
                }
            }
            let genome = try genome(in: space, of: source, front)
            let view = try withSuperNetwork { () throws(SuperNetworkError) in try space.view(of: genome) }
            let made = source.viewed(by: view)
            outlook.architecture = made
            outlook.diskBytes = CostModel(made).storedBytes(.float32)
            outlook.memoryBytes = CostModel(source).storedBytes(.float32) + CostModel(made).storedBytes(.float32)
        } catch {
            switch choice {
            case .parameters: outlook.problems.append(("parameters", "\(error)"))
            case .picked: outlook.problems.append(("pick", "\(error)"))
            case .genome, .full, .smallest: outlook.problems.append(("genome", "\(error)"))
            }
        }
        return outlook
    }

    /// The sizes that a search is still to choose from, and the largest of them that it may choose.
    private func addChoices(
        of space: ElasticSpace, in source: Architecture, _ search: StageID, _ context: OutlookContext,
        to outlook: inout StageOutlook
    ) {
        outlook.notes.append("which part it is will be known when \(search) has ended")
        guard let sizes = try? SubNetworkSizes(space, of: source) else { return }
        outlook.choices = sizes
        var most = Double(sizes.parameterRange.upperBound)
        if let bound = context[search]?.search?.mostParameters { most = min(most, bound) }
        if case .picked(let pick, _) = choice, let bound = pick.mostParameters { most = min(most, bound) }
        guard let view = try? space.view(of: sizes.closest(toParameters: Int(max(most, 0))).genome) else { return }
        let made = source.viewed(by: view)
        outlook.largestChoice = made
        outlook.notes.append("it has at most \(made.parameterCount) parameters, which the plan reckons with")
        outlook.diskBytes = CostModel(made).storedBytes(.float32)
        outlook.memoryBytes = CostModel(source).storedBytes(.float32) + CostModel(made).storedBytes(.float32)
    }

    /// The genome that is meant.
    /// - Parameter front: the artifact of the search, for a pick.
    /// - Throws: `.mismatch` when no sub-network has the wanted size, or no candidate fits the pick.
    private func genome(
        in space: ElasticSpace, of source: Architecture, _ front: Artifact?
    ) throws(PipelineError) -> Genome {
        switch choice {
        case .picked(let pick, let search):
            guard let front else { preconditionFailure("a pick from \(search) comes after that stage") }
            let summary = try SearchSpec.summary(of: front)
            return try pick.genome(summary.front) { () throws(PipelineError) in
                try withSearch { () throws(SearchError) in
                    try SearchJournal.read(
                        front.file(SearchSpec.journalName), objectives: summary.front.objectives)
                }
            }
        case .genome(let genome): return genome
        case .full: return space.fullGenome
        case .smallest: return space.smallestGenome
        case .parameters(let wanted):
            let sizes = try withSuperNetwork { () throws(SuperNetworkError) in try SubNetworkSizes(space, of: source) }
            if let problem = sizes.problem(reaching: wanted) {
                throw .mismatch(
                    problem, remedy: "choose another size, or train a super-network of a wider space")
            }
            return sizes.closest(toParameters: wanted).genome
        }
    }

    private var chosenBy: String {
        switch choice {
        case .genome: "its genome"
        case .full: "being the whole"
        case .smallest: "being the smallest"
        case .parameters(let count): "being closest to \(count) parameters"
        case .picked(let pick, let search): "\(pick.words) of \(search)"
        }
    }

    /// - Throws: As `StageSpec.run(on:into:)`.
    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        let artifact = bench.artifact(from)
        let space = try ElasticFile.read(from: artifact).space
        let (model, description) = try bench.model(of: from, computeDType: .float32, on: .cpu)
        let source = model.architecture
        var front: Artifact?
        if case .picked(_, let search) = choice {
            front = bench.artifact(search)
            guard front?.record.inputs.contains(where: { $0.fingerprint == artifact.record.fingerprint }) == true else {
                throw .mismatch(
                    "the search '\(search)' was of another super-network than '\(from)'",
                    remedy: "name the super-network that the search names")
            }
        }
        let genome = try genome(in: space, of: source, front)
        let file = try SubNetworkFile(
            genome, of: space, source: source, superNetwork: artifact.record, chosenBy: chosenBy)
        let view = try withSuperNetwork { () throws(SuperNetworkError) in try space.view(of: genome) }
        let part = try withTransformer { () throws(TransformerError) in try model.sliced(by: view) }
        try bench.write(part, tokenizer: description.tokenizer, special: description.special, into: output.path)
        try Folder.write(CanonicalJSON.readable(file), to: output.file(SubNetworkFile.name))
        return StageResult(
            facts: .object([
                "parameters": .integer(file.parameters), "source_parameters": .integer(source.parameterCount),
                "genome": .string("\(file.genome)"), "layers": .integer(view.layers.count),
                "intermediate_sizes": .array(
                    file.layers.filter(\.keep).map { .integer($0.intermediateSize) }),
            ]))
    }
}
