internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import Pipeline
internal import Search
internal import SuperNetwork
internal import Transformer

/// `shear bench search`: LINAS without its models. A slice is a whole search whose candidates cost nothing to measure.
struct BenchSearch: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Searches the parts of a model by LINAS with a formula in place of the model.")

    @Option(help: "A model folder or .gguf file; its shape alone is read.")
    var model: String
    @Option(help: "Candidates of a search.")
    var evaluations = 250
    @Option(help: "Candidates of a round.")
    var population = 50
    @Option(help: "Candidates that a round predicts.")
    var predictions = 20_000
    @Option(help: "Decides all draws.")
    var seed: UInt64 = 17

    private struct Facts: Encodable {
        var genes: Int
        var subNetworks: Double
        var evaluations: Int
        var predictions: Int
    }

    private struct Slice: Encodable {
        /// Of the whole search, its journal included.
        var seconds = 0.0
        /// Of each round; the first is random, the others predict.
        var rounds: [Double] = []
    }

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            let architecture = try withTransformer { () throws(TransformerError) in
                try ModelFolder.architecture(ChosenModel.folder(model))
            }
            let blocks = architecture.blocks
            let space = ElasticSpace(
                layerCounts: [blocks.count - 8, blocks.count - 4, blocks.count].filter { $0 > 0 },
                intermediateSizes: blocks.map { [$0.intermediateSize / 2, $0.intermediateSize] })
            let (sizes, searched) = try withSuperNetwork { () throws(SuperNetworkError) in
                (try SubNetworkSizes(space, of: architecture), try space.searchSpace())
            }
            let facts = Facts(
                genes: searched.geneCount, subNetworks: searched.genomeCount, evaluations: evaluations,
                predictions: predictions)
            try withSearch { () throws(SearchError) in
                try Turns.take(facts) { () throws(SearchError) in
                    try slice(searched, FormulaCandidates(sizes: sizes))
                }
            }
        }
    }

    private func slice(_ space: SearchSpace, _ candidates: FormulaCandidates) throws(SearchError) -> Slice {
        let folder = Bench.scratch
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var candidates = candidates
        var search = try EvolutionarySearch(
            space: space,
            objectives: [
                SearchObjective("loss", .minimise, .measured), SearchObjective("parameters", .minimise, .computed),
            ], method: .linas, population: population, predictions: predictions, seed: seed)
        let journal = try SearchJournal(path: folder + "/journal.csv", objectives: search.objectives)
        var slice = Slice()
        while search.archive.count < evaluations {
            let before = search.archive.count
            let start = ContinuousClock.now
            try search.run(evaluations: min(before + population, evaluations), with: &candidates) {
                (candidate) throws(SearchError) in try journal.append(candidate)
            }
            slice.rounds.append(start.elapsedSeconds)
            if search.archive.count == before { break }
        }
        slice.seconds = slice.rounds.reduce(0, +)
        return slice
    }
}

/// Candidates whose loss is a formula of their genes: some layers matter more, and neighbours help each other.
private struct FormulaCandidates: CandidateEvaluator {
    let sizes: SubNetworkSizes
    let violation: ((Genome) -> Double)? = nil

    func scores(_ genomes: [Genome]) throws(SearchError) -> [[Double]] {
        genomes.map { genome in
            var loss = 4.0
            for gene in 0..<genome.count {
                let weight = 0.02 * (1.5 + sin(Double(3 * gene)))
                loss -= weight * Double(genome[gene])
                if gene > 0 { loss -= 0.01 * Double(genome[gene] * genome[gene - 1]) }
            }
            return [loss]
        }
    }

    func computedScores(_ genome: Genome) -> [Double] {
        do throws(SuperNetworkError) { return [Double(try sizes(genome).parameters)] } catch {
            preconditionFailure("a search asks about genomes of its own space: \(error)")
        }
    }
}
