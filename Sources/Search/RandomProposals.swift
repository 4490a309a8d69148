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

    /// As `randomGenomes(_:unless:using:)`, of genomes without violation: each is drawn, then repaired by random moves of
    /// single genes that lessen its violation. Fewer when repairs no longer lead to new ones.
    func randomGenomes(
        _ wanted: Int, unless seen: Set<Genome>, without violation: (Genome) -> Double, using stream: inout RandomStream
    ) -> [Genome] {
        let variation = IntegerVariation(space: self)
        var known = seen
        var genomes: [Genome] = []
        var attempts = 0
        while genomes.count < wanted, attempts < 100 + 20 * wanted {
            attempts += 1
            var genes = [UInt8](repeating: 0, count: geneCount)
            variation.draw(&genes, at: 0, using: &stream)
            let genome = repaired(Genome(genes), violation, variation, using: &stream)
            if violation(genome) == 0, known.insert(genome).inserted { genomes.append(genome) }
        }
        if genomes.count < wanted, genomeCount <= Self.listedCount {
            let left = Set(all()).subtracting(known).filter { violation($0) == 0 }
                .sorted { $0.genes.lexicographicallyPrecedes($1.genes) }
            genomes += stream.order(of: left.count).prefix(wanted - genomes.count).map { left[$0] }
        }
        return genomes
    }

    private func repaired(
        _ genome: Genome, _ violation: (Genome) -> Double, _ variation: IntegerVariation,
        using stream: inout RandomStream
    ) -> Genome {
        var (best, least) = (genome, violation(genome))
        for _ in 0..<(50 * geneCount) where least > 0 {
            var genes = best.genes
            let gene = Int(stream.integer(below: UInt64(geneCount)))
            genes[gene] = UInt8(stream.integer(below: UInt64(optionCounts[gene])))
            let moved = canonical(Genome(genes))
            let found = violation(moved)
            if found < least { (best, least) = (moved, found) }
        }
        return best
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
