import Search

/// A network of 32 layers whose quality is a known function of the genome: what LINAS is held to without a model.
///
/// Gene 0 keeps the first 24, 28 or 32 layers; each other gene halves one layer's feed-forward size. Sizes are those of
/// LLaMA-2-7B in fp16.
struct SyntheticSearch: CandidateEvaluator {
    static let depths = [24, 28, 32]
    static let depthLosses = [7.0, 2.5, 0]
    static let reference = [13.6, 40]
    /// By dynamic programming; `exactFront` computes it again.
    static let exactHypervolume = 202.53311

    static let objectives = [
        SearchObjective("gigabytes", .minimise, .computed), SearchObjective("loss", .minimise, .measured),
    ]

    static func space() throws -> SearchSpace {
        try SearchSpace(
            optionCounts: [3] + [Int](repeating: 2, count: 32), inactiveGenes: depths.map { Array(($0 + 1)..<33) })
    }

    static func gigabytes(layers: Int, halved: Int) -> Double {
        let (hidden, full) = (4096, 11008)
        let parameters =
            2 * 32000 * hidden + hidden + layers * (4 * hidden * hidden + 3 * hidden * full + 2 * hidden)
            - halved * 3 * hidden * full / 2
        return Double(2 * parameters) / 1e9
    }

    /// What halving layer `layer` (counted from 1) costs alone; each adjacent pair of halved layers costs 0.35 more.
    static func loss(ofLayer layer: Int) -> Double {
        0.25 + 0.75 * Double(7 * layer % 32) / 31
    }

    static func loss(_ genome: Genome) -> Double {
        var sum = depthLosses[genome[0]]
        for layer in 1...depths[genome[0]] where genome[layer] == 1 {
            sum += loss(ofLayer: layer) + (layer > 1 && genome[layer - 1] == 1 ? 0.35 : 0)
        }
        return sum
    }

    /// Every point that is the least loss of its size: over layers, by number halved and whether the last one is.
    static func exactFront() -> [[Double]] {
        depths.indices.flatMap { option in
            var least = [[0.0, .infinity]]
            for layer in 1...depths[option] {
                var next = [[Double]](repeating: [.infinity, .infinity], count: least.count + 1)
                for (halved, losses) in least.enumerated() {
                    next[halved][0] = min(next[halved][0], losses[0], losses[1])
                    let step = loss(ofLayer: layer)
                    next[halved + 1][1] = min(next[halved + 1][1], losses[0] + step, losses[1] + step + 0.35)
                }
                least = next
            }
            return least.enumerated().map { halved, losses in
                [gigabytes(layers: depths[option], halved: halved), depthLosses[option] + min(losses[0], losses[1])]
            }
        }
    }

    mutating func scores(_ genomes: [Genome]) -> [[Double]] { genomes.map { [Self.loss($0)] } }

    var violation: ((Genome) -> Double)? { nil }

    func computedScores(_ genome: Genome) -> [Double] {
        let layers = Self.depths[genome[0]]
        return [Self.gigabytes(layers: layers, halved: genome.genes[1...layers].count { $0 == 1 })]
    }
}
