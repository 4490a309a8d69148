internal import Search
internal import SuperNetwork
internal import Torch
internal import Transformer

/// `extract`: writes `model/`, the part of a super-network with weights of its own, and `subnet.json`, which says which
/// part it is.
extension ExtractSpec: StageSpec {
    public static let revision = 1

    public var needs: [StageNeed] { [StageNeed(key: "from", stage: from, kind: .superNetwork)] }

    public func problems() -> [(keyPath: String, reason: String)] { [] }

    public func outlook(_ context: OutlookContext) -> StageOutlook {
        var outlook = StageOutlook()
        guard let source = context[from]?.architecture, let space = context[from]?.space else { return outlook }
        outlook.source = source
        do throws(PipelineError) {
            let genome = try genome(in: space, of: source)
            let view: SubNetworkView
            do throws(SuperNetworkError) { view = try space.view(of: genome) } catch { throw .superNetwork(error) }
            let made = source.viewed(by: view)
            outlook.architecture = made
            outlook.diskBytes = CostModel(made).storedBytes(.float32)
            outlook.memoryBytes = CostModel(source).storedBytes(.float32) + CostModel(made).storedBytes(.float32)
        } catch {
            if case .parameters = choice {
                outlook.problems.append(("parameters", "\(error)"))
            } else {
                outlook.problems.append(("genome", "\(error)"))
            }
        }
        return outlook
    }

    /// The genome that is meant.
    /// - Throws: `.mismatch` when no sub-network has the wanted size.
    private func genome(in space: ElasticSpace, of source: Architecture) throws(PipelineError) -> Genome {
        switch choice {
        case .genome(let genome): return genome
        case .full: return space.fullGenome
        case .smallest: return space.smallestGenome
        case .parameters(let wanted):
            let sizes: SubNetworkSizes
            do throws(SuperNetworkError) { sizes = try SubNetworkSizes(space, of: source) } catch {
                throw .superNetwork(error)
            }
            let found = sizes.closest(toParameters: wanted)
            guard SubNetworkSizes.isClose(found.parameters, to: wanted) else {
                let range = sizes.parameterRange
                throw .mismatch(
                    "no sub-network has \(wanted) parameters within 1 percent: the closest one has \(found.parameters), the space lies between \(range.lowerBound) and \(range.upperBound)",
                    remedy: "choose another size, or train a super-network of a wider space")
            }
            return found.genome
        }
    }

    private var chosenBy: String {
        switch choice {
        case .genome: "its genome"
        case .full: "being the whole"
        case .smallest: "being the smallest"
        case .parameters(let count): "being closest to \(count) parameters"
        }
    }

    public func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult {
        try Folder.remove(output.file("model"))
        let artifact = bench.artifact(from)
        let space = try ElasticFile.read(from: artifact).space
        let (model, description) = try withTransformer { () throws(TransformerError) in
            try ModelFolder.load(artifact.file("model"), computeDType: .float32)
        }
        let source = model.architecture
        let genome = try genome(in: space, of: source)
        let file = try SubNetworkFile(
            genome, of: space, source: source, superNetwork: artifact.record, chosenBy: chosenBy)
        let view: SubNetworkView
        do throws(SuperNetworkError) { view = try space.view(of: genome) } catch { throw .superNetwork(error) }
        try withTransformer { () throws(TransformerError) in
            try ModelFolder.write(
                try model.sliced(by: view), to: output.file("model"), dtype: .float32,
                tokenizer: description.tokenizer, special: description.special, lineage: bench.lineageMetadata,
                card: ModelCard(title: "\(bench.pipeline): \(bench.id)"), form: .perBlock)
        }
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
