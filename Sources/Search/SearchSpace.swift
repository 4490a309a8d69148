/// A finite space of integer genomes: how many options each gene has, and which genes count at all.
///
/// Where gene 0 chooses a depth, genes of dropped layers have no effect. `inactiveGenes` names them for every option of
/// gene 0; in a *canonical* genome they are 0, so that equal networks are equal genomes.
public struct SearchSpace: Sendable, Equatable {
    /// For every gene the number of its options, 1 ... 256.
    public let optionCounts: [Int]
    /// For every option of gene 0 the genes without effect, ascending and without gene 0; empty when every gene counts.
    public let inactiveGenes: [[Int]]

    /// - Throws: `SearchError.invalidArgument` when there is no gene, an option count is outside 1 ... 256, or the inactive
    ///   genes are not one ascending list of other genes per option of gene 0.
    public init(optionCounts: [Int], inactiveGenes: [[Int]] = []) throws(SearchError) {
        guard !optionCounts.isEmpty, optionCounts.allSatisfy({ (1...256).contains($0) }) else {
            throw .invalidArgument(
                reason: "A search space has the option counts \(optionCounts)",
                remedy: "give at least one gene, each with 1 to 256 options")
        }
        let genes = 1..<optionCounts.count
        let fits =
            inactiveGenes.isEmpty
            || inactiveGenes.count == optionCounts[0]
                && inactiveGenes.allSatisfy { list in
                    list.allSatisfy { genes.contains($0) } && zip(list, list.dropFirst()).allSatisfy { $0 < $1 }
                }
        guard fits else {
            throw .invalidArgument(
                reason: "The lists of inactive genes do not fit a space of \(optionCounts.count) genes",
                remedy: "give one ascending list of genes (1 ... \(optionCounts.count - 1)) for each of the "
                    + "\(optionCounts[0]) options of gene 0")
        }
        self.optionCounts = optionCounts
        self.inactiveGenes = inactiveGenes
    }

    /// The number of genes.
    public var geneCount: Int { optionCounts.count }

    /// The number of different canonical genomes; a `Double`, because large spaces have more than an `Int` holds.
    public var genomeCount: Double {
        if inactiveGenes.isEmpty { return optionCounts.reduce(1) { $0 * Double($1) } }
        return inactiveGenes.reduce(0.0) { sum, inactive in
            let silent = Set(inactive)
            return sum + (1..<geneCount).reduce(1.0) { silent.contains($1) ? $0 : $0 * Double(optionCounts[$1]) }
        }
    }

    /// Whether a gene has an effect under an option of gene 0.
    public func isActive(_ gene: Int, underOption option: Int) -> Bool {
        inactiveGenes.isEmpty || !inactiveGenes[option].contains(gene)
    }

    /// Whether a genome has this space's genes and options, and 0 in every gene without effect.
    public func contains(_ genome: Genome) -> Bool {
        genome.count == geneCount && zip(genome.genes, optionCounts).allSatisfy { Int($0) < $1 }
            && canonical(genome) == genome
    }

    /// The genome that stands for the same network: genes without effect are 0.
    public func canonical(_ genome: Genome) -> Genome {
        var genes = genome.genes
        canonicalise(&genes, from: 0)
        return Genome(genes)
    }

    /// Sets the genes without effect to 0 in the genome that starts at `start` of `genes`.
    func canonicalise(_ genes: inout [UInt8], from start: Int) {
        guard !inactiveGenes.isEmpty else { return }
        for gene in inactiveGenes[Int(genes[start])] { genes[start + gene] = 0 }
    }
}

extension SearchSpace: Codable {
    private enum CodingKeys: String, CodingKey {
        case optionCounts, inactiveGenes
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            optionCounts: container.decode([Int].self, forKey: .optionCounts),
            inactiveGenes: container.decode([[Int]].self, forKey: .inactiveGenes))
    }
}
