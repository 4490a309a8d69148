public import Search
public import Transformer

/// Which sub-networks a super-network has: how many of its blocks run, and how many neurons each of them uses.
///
/// A sub-network is named by a genome: gene 0 is the index of its number of blocks, gene l + 1 that of the feed-forward
/// width of block l. Genes of blocks that do not run have no effect. Heads, hidden size and vocabulary are the source's, as in LLaMA-NAS (arXiv 2405.18377).
public struct ElasticSpace: Codable, Sendable, Hashable {
    /// Numbers of blocks to choose from, ascending.
    public var layerCounts: [Int]
    /// For each block of the source the feed-forward widths to choose from, ascending; 0 leaves that half out.
    public var intermediateSizes: [[Int]]
    /// Blocks in the order in which smaller networks do without them: a network of n of L blocks lacks the first L - n.
    /// Nested, so that each depth contains the smaller ones. At least as many as the smallest depth drops.
    public var dropOrder: [Int]

    /// A space from its parts. Nothing is checked here: see ``problems(with:)``.
    /// - Parameter dropOrder: nil drops the last blocks first, as DyNAS-T's super-networks do.
    public init(layerCounts: [Int], intermediateSizes: [[Int]], dropOrder: [Int]? = nil) {
        self.layerCounts = layerCounts
        self.intermediateSizes = intermediateSizes
        self.dropOrder = dropOrder ?? intermediateSizes.indices.reversed()
    }

    /// The number of blocks of the source.
    public var blockCount: Int { intermediateSizes.count }

    /// Every rule that this space breaks with a source, one sentence each; empty when all its sub-networks exist.
    public func problems(with source: Architecture) -> [String] {
        let blocks = source.blocks
        guard blockCount == blocks.count else {
            return ["the space describes \(blockCount) blocks, the source has \(blocks.count)"]
        }
        var found: [String] = []
        func check(_ values: [Int], _ what: String, from least: Int, to most: Int) {
            if values.isEmpty { found.append("there is no \(what) to choose from") }
            if values.count > 256 { found.append("there are \(values.count) choices of \(what); 256 are the most") }
            for (value, next) in zip(values, values.dropFirst()) where next <= value {
                found.append("the choices of \(what) must ascend; \(next) follows \(value)")
            }
            for value in values where value < least || value > most {
                found.append("a \(what) of \(value) is impossible; it lies between \(least) and \(most)")
            }
            // The whole source is a sub-network: the one that training alternates with.
            if let last = values.last, last < most {
                found.append(
                    "the largest \(what) is \(last), the source has \(most); the space must contain the source")
            }
        }
        check(layerCounts, "number of layers", from: 1, to: blocks.count)
        for (index, sizes) in intermediateSizes.enumerated() {
            check(sizes, "intermediate size of layer \(index)", from: 0, to: blocks[index].intermediateSize)
        }
        let dropped = blocks.count - (layerCounts.first ?? blocks.count)
        if Set(dropOrder).count != dropOrder.count || !dropOrder.allSatisfy(blocks.indices.contains) {
            found.append("the drop order \(dropOrder) must name different blocks of 0 to \(blocks.count - 1)")
        } else if dropOrder.count < dropped {
            found.append("the drop order names \(dropOrder.count) blocks; the fewest layers drop \(dropped)")
        }
        return found
    }

    /// The space as a search sees it: a gene for the depth, then one per block.
    /// - Throws: `SuperNetworkError.search` for a gene without choices or with more than 256.
    public func searchSpace() throws(SuperNetworkError) -> SearchSpace {
        do throws(SearchError) {
            return try SearchSpace(
                optionCounts: choiceCounts,
                inactiveGenes: layerCounts.map { count in
                    dropOrder.prefix(blockCount - count).map { $0 + 1 }.sorted()
                })
        } catch { throw .search(error) }
    }

    // MARK: Genomes

    /// How many choices each gene has.
    private var choiceCounts: [Int] { [layerCounts.count] + intermediateSizes.map(\.count) }

    /// The genome of the whole source.
    public var fullGenome: Genome { Genome(choiceCounts.map { UInt8(clamping: $0 - 1) }) }

    /// The genome of the network with the fewest blocks and neurons.
    public var smallestGenome: Genome { Genome(choiceCounts.map { _ in 0 }) }

    /// The blocks that run at a depth, ascending.
    /// - Parameter depth: an index of ``layerCounts``.
    public func layers(atDepth depth: Int) -> [Int] {
        let gone = dropOrder.prefix(blockCount - layerCounts[depth])
        return (0..<blockCount).filter { !gone.contains($0) }
    }

    /// The part of the super-network that a genome names. Genes of blocks that do not run are read as 0.
    /// - Throws: `SuperNetworkError.genome` when it has another length or a gene no such choice.
    public func view(of genome: Genome) throws(SuperNetworkError) -> SubNetworkView {
        try check(genome)
        let layers = layers(atDepth: genome[0])
        var sizes = intermediateSizes.map { $0[0] }
        for layer in layers { sizes[layer] = intermediateSizes[layer][genome[layer + 1]] }
        return SubNetworkView(layers: layers, intermediateSizes: sizes)
    }

    /// - Throws: `SuperNetworkError.genome` when a genome is none of this space.
    func check(_ genome: Genome) throws(SuperNetworkError) {
        let counts = choiceCounts
        guard genome.count == counts.count else {
            throw .genome(
                problem: "\(genome) has \(genome.count) genes; expected \(counts.count): the depth and one per block")
        }
        for (index, count) in counts.enumerated() where genome[index] >= count {
            let name = index == 0 ? "the depth gene" : "the gene of block \(index - 1)"
            throw .genome(problem: "\(name) is \(genome[index]); it chooses one of \(count) values, 0 to \(count - 1)")
        }
    }

    // MARK: Size of the space

    /// The number of genomes, genes without effect counted: the size that LLaMA-NAS states.
    public var genomeCount: Double { choiceCounts.reduce(1.0) { $0 * Double($1) } }

    /// The number of different sub-networks.
    public var subNetworkCount: Double {
        layerCounts.indices.reduce(0.0) { sum, depth in
            sum + layers(atDepth: depth).reduce(1.0) { $0 * Double(intermediateSizes[$1].count) }
        }
    }
}
