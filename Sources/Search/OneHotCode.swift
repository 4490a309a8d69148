/// The code of genomes that predictors learn from: one number per option of every gene, 1 where a genome takes it.
///
/// All options have their place whether seen or not, and genes without effect have all zeros, so that equal networks are
/// equal codes. The product of two codes is the number of genes in which both are active and agree.
struct OneHotCode: Sendable {
    /// The number of places.
    let width: Int
    /// Where the options of each gene start.
    private let offsets: [Int]
    /// For every option of gene 0 the genes with effect.
    private let activeGenes: [[Int]]

    init(space: SearchSpace) {
        var offsets: [Int] = []
        var width = 0
        for count in space.optionCounts {
            offsets.append(width)
            width += count
        }
        self.offsets = offsets
        self.width = width
        activeGenes = (0..<space.optionCounts[0]).map { option in
            (0..<space.geneCount).filter { space.isActive($0, underOption: option) }
        }
    }

    /// The most ones that a code has.
    var geneCount: Int { offsets.count }

    /// The number of ones in the code of the genome that starts at `start`.
    func oneCount(_ genes: [UInt8], at start: Int) -> Int { activeGenes[Int(genes[start])].count }

    /// Calls `body` with the place of each one, ascending.
    @inline(__always)
    func forEachOne(_ genes: [UInt8], at start: Int, _ body: (Int) -> Void) {
        for gene in activeGenes[Int(genes[start])] { body(offsets[gene] + Int(genes[start + gene])) }
    }
}
