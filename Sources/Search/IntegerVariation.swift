internal import Corpus

/// Option indices: uniform crossover and random reset.
///
/// Operators for real numbers with rounding are no use here: polynomial mutation with the usual index 20 changes a gene
/// of two options once in four million times.
struct IntegerVariation: GeneticVariation {
    let space: SearchSpace
    private let counts: [UInt64]
    /// For every option of gene 0, and then every gene, whether the gene has an effect.
    private let isActive: [Bool]

    static let blank: UInt8 = 0
    /// The share of matings that cross at all; each gene is then exchanged with probability one half.
    private static let crossingShare = 0.9

    init(space: SearchSpace) {
        self.space = space
        counts = space.optionCounts.map { UInt64($0) }
        isActive = (0..<space.optionCounts[0]).flatMap { option in
            (0..<space.geneCount).map { space.isActive($0, underOption: option) }
        }
    }

    var geneCount: Int { counts.count }

    func draw(_ genes: inout [UInt8], at start: Int, using stream: inout RandomStream) {
        for gene in 0..<counts.count { genes[start + gene] = UInt8(stream.integer(below: counts[gene])) }
        space.canonicalise(&genes, from: start)
    }

    /// A gene that has an effect in one parent only goes where that parent's gene 0 goes: elsewhere it says nothing.
    func cross(_ genes: inout [UInt8], at one: Int, _ other: Int, using stream: inout RandomStream) {
        guard stream.uniform() < Self.crossingShare else { return }
        let rows = (Int(genes[one]) * counts.count, Int(genes[other]) * counts.count)
        var bits = stream.next()
        let exchangesFirst = bits & 1 == 1
        for gene in 0..<counts.count {
            if gene % 64 == 0, gene > 0 { bits = stream.next() }
            let isShared = isActive[rows.0 + gene] == isActive[rows.1 + gene]
            if isShared ? bits & 1 == 1 : exchangesFirst { genes.swapAt(one + gene, other + gene) }
            bits >>= 1
        }
    }

    /// Each gene, with probability one over the number of genes, takes one of its other options; genes that gain an effect
    /// by that are drawn.
    func mutate(_ genes: inout [UInt8], at start: Int, using stream: inout RandomStream) {
        let share = 1 / Double(counts.count)
        let before = Int(genes[start]) * counts.count
        for gene in 0..<counts.count {
            let row = Int(genes[start]) * counts.count
            if isActive[row + gene] && !isActive[before + gene] {
                genes[start + gene] = UInt8(stream.integer(below: counts[gene]))
            } else if stream.uniform() < share && counts[gene] > 1 {
                let option = UInt8(stream.integer(below: counts[gene] - 1))
                genes[start + gene] = option >= genes[start + gene] ? option + 1 : option
            }
        }
        space.canonicalise(&genes, from: start)
    }
}
