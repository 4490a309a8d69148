internal import Corpus

extension SearchSpace {
    /// Spaces up to this size are listed when random draws no longer find what is left.
    private static var listedCount: Double { 65_536 }

    /// Up to `wanted` random canonical genomes, different from each other and from those `seen`; fewer only when the space
    /// has no more, or is too large to list and a hundred rounds of draws found no more.
    func randomGenomes(_ wanted: Int, unless seen: Set<Genome>, using stream: inout RandomStream) -> [Genome] {
        let algorithm = GeneticAlgorithm(variation: IntegerVariation(space: self), size: wanted, width: 1)
        var genomes = algorithm.drawn(wanted, using: &stream) { seen.contains(Genome(Array($0))) }.genomes(geneCount)
        if genomes.count < wanted, genomeCount <= Self.listedCount {
            let left = Set(all()).subtracting(seen).subtracting(genomes).sorted {
                $0.genes.lexicographicallyPrecedes($1.genes)
            }
            genomes += stream.order(of: left.count).prefix(wanted - genomes.count).map { left[$0] }
        }
        return genomes
    }

    /// Every canonical genome.
    private func all() -> [Genome] {
        var genomes = (0..<optionCounts[0]).map { [UInt8($0)] }
        for gene in 1..<max(geneCount, 1) {
            genomes = genomes.flatMap { genes in
                let options = isActive(gene, underOption: Int(genes[0])) ? optionCounts[gene] : 1
                return (0..<options).map { genes + [UInt8($0)] }
            }
        }
        return genomes.map { Genome($0) }
    }
}

extension [UInt8] {
    /// The genomes that lie here one after another, of `geneCount` genes each.
    func genomes(_ geneCount: Int) -> [Genome] {
        stride(from: 0, to: count, by: geneCount).map { Genome(Array(self[$0..<($0 + geneCount)])) }
    }
}
