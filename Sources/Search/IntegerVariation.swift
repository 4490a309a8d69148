internal import Corpus

/// Option indices: uniform crossover and random reset.
///
/// Operators for real numbers with rounding are no use here: polynomial mutation with the usual index 20 changes a gene
/// of two options once in four million times.
struct IntegerVariation: GeneticVariation {
    let space: SearchSpace
    private let counts: [UInt64]

    static let blank: UInt8 = 0
    /// The share of matings that cross at all; each gene is then exchanged with probability one half.
    private static let crossingShare = 0.9

    init(space: SearchSpace) {
        self.space = space
        counts = space.optionCounts.map { UInt64($0) }
    }

    var geneCount: Int { counts.count }

    func draw(_ genes: inout [UInt8], at start: Int, using stream: inout RandomStream) {
        for gene in 0..<counts.count { genes[start + gene] = UInt8(stream.integer(below: counts[gene])) }
        space.canonicalise(&genes, from: start)
    }

    func cross(_ genes: inout [UInt8], at one: Int, _ other: Int, using stream: inout RandomStream) {
        guard stream.uniform() < Self.crossingShare else { return }
        var bits: UInt64 = 0
        for gene in 0..<counts.count {
            if gene % 64 == 0 { bits = stream.next() }
            if bits & 1 == 1 { genes.swapAt(one + gene, other + gene) }
            bits >>= 1
        }
    }

    /// Each gene, with probability one over the number of genes, takes one of its other options.
    func mutate(_ genes: inout [UInt8], at start: Int, using stream: inout RandomStream) {
        let share = 1 / Double(counts.count)
        for gene in 0..<counts.count where stream.uniform() < share && counts[gene] > 1 {
            let option = UInt8(stream.integer(below: counts[gene] - 1))
            genes[start + gene] = option >= genes[start + gene] ? option + 1 : option
        }
        space.canonicalise(&genes, from: start)
    }
}
