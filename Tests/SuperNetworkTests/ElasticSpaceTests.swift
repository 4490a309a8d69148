import Corpus
import Fixtures
import Search
import Testing
import Torch
import Transformer

@testable import SuperNetwork

/// The space of LLaMA-NAS and its arithmetic, and the laws of genomes.
@Suite struct ElasticSpaceTests {
    /// LLaMA-2-7B: 32 blocks of width 4096, 32 heads, intermediate size 11008, vocabulary 32,000, untied head.
    static let llama = TinyModel.architecture(
        layers: 32, hidden: 4096, heads: 32, keyValueHeads: 32, headSize: 128, intermediate: 11_008,
        vocabulary: 32_000, tied: false)
    /// SmolLM2-135M: 30 blocks of width 576, 9 heads, 3 key-value heads, intermediate size 1536, tied head.
    static let smol = TinyModel.architecture(
        layers: 30, hidden: 576, heads: 9, keyValueHeads: 3, headSize: 64, intermediate: 1536, vocabulary: 49_152)
    static let faithful = ElasticSpace(
        layerCounts: [24, 28, 32], intermediateSizes: Array(repeating: [5504, 11_008], count: 32))

    /// A genome of one depth whose running blocks all take one choice, the first `halved` of them the choice 0.
    private func genome(_ depth: Int, all choice: UInt8, halved: Int = 0) -> Genome {
        Genome([UInt8(depth)] + (0..<32).map { $0 < halved ? 0 : choice })
    }

    /// Each row: layers, then parameters, fp16 bytes, bytes with INT8 linears, for all widths 11008 and all 5504, and
    /// bytes of keys and values per token. Parameters, in the last three digits too, from
    /// `2 V d + d + sum over kept layers (4 d^2 + 3 d F + 2 d)`; INT8: linears 1 byte, all else 2, scales apart.
    @Test(arguments: [
        (2, [6_738_415_616, 13_476_831_232, 7_000_825_856], [4_574_154_752, 9_148_309_504, 4_836_564_992], 524_288),
        (1, [5_928_882_176, 11_857_764_352, 6_191_259_648], [4_035_153_920, 8_070_307_840, 4_297_531_392], 458_752),
        (0, [5_119_348_736, 10_238_697_472, 5_381_693_440], [3_496_153_088, 6_992_306_176, 3_758_497_792], 393_216),
    ]) func sizesAreThoseOfLLaMANAS(_ depth: Int, _ wide: [Int], _ narrow: [Int], _ cache: Int) throws {
        let sizes = try SubNetworkSizes(Self.faithful, of: Self.llama)
        for (choice, expected) in [(UInt8(1), wide), (0, narrow)] {
            let size = try sizes(genome(depth, all: choice))
            let withoutScales = size.projectionParameters + 2 * (size.parameters - size.projectionParameters)
            #expect([size.parameters, size.halfPrecisionBytes, withoutScales] == expected)
            #expect(size.keyValueBytesPerToken == cache)
        }
    }

    @Test func singleChoicesCostWhatLLaMANASSays() throws {
        let sizes = try SubNetworkSizes(Self.faithful, of: Self.llama)
        let full = try sizes(Self.faithful.fullGenome)
        #expect(full == SubNetworkSize(Self.llama))
        #expect(try full.parameters - sizes(genome(2, all: 1, halved: 1)).parameters == 67_633_152)
        // Four layers fewer, then a point that the paper's figures are consistent with: 24 layers, 13 of them halved.
        #expect(try full.parameters - sizes(genome(1, all: 1)).parameters == 4 * 202_383_360)
        let point = try sizes(genome(0, all: 1, halved: 13))
        #expect(abs(Double(point.halfPrecisionBytes) / 1e9 - 8.480) < 5e-4)
        #expect(abs(Double(full.halfPrecisionBytes) / Double(point.halfPrecisionBytes) - 1.589) < 5e-4)
        // 1.5 times smaller needs 28 layers with 22 halved, or 24 with 10; 32 layers cannot reach it.
        let third = Double(full.halfPrecisionBytes) / 1.5
        #expect(try Double(sizes(genome(1, all: 1, halved: 22)).halfPrecisionBytes) <= third)
        #expect(try Double(sizes(genome(1, all: 1, halved: 21)).halfPrecisionBytes) > third)
        #expect(try Double(sizes(genome(0, all: 1, halved: 10)).halfPrecisionBytes) <= third)
        #expect(try Double(sizes(genome(0, all: 1, halved: 9)).halfPrecisionBytes) > third)
        #expect(try Double(sizes(genome(2, all: 0)).halfPrecisionBytes) > third)
        #expect(sizes.parameterRange == 3_496_153_088...6_738_415_616)
    }

    @Test func theSpaceHasTheStatedNumberOfNetworks() throws {
        #expect(Self.faithful.genomeCount == 12_884_901_888)
        #expect(Self.faithful.subNetworkCount == 4_580_179_968)
        let space = try Self.faithful.searchSpace()
        #expect(space.genomeCount == 4_580_179_968 && space.geneCount == 33)
        #expect(space.optionCounts == [3] + Array(repeating: 2, count: 32))
        #expect(space.inactiveGenes == [Array(25...32), Array(29...32), []])
    }

    @Test func theFloorsOfTheFaithfulSpacesAreAsStated() throws {
        let smol = ElasticSpace(
            layerCounts: [22, 26, 30], intermediateSizes: Array(repeating: [768, 1536], count: 30))
        let range = try SubNetworkSizes(smol, of: Self.smol).parameterRange
        #expect(range.upperBound == 134_515_008 && abs(Double(range.lowerBound) / 1e6 - 77.0) < 0.05)
        // 26 layers of 1152: 86,534,656 parameters come from a narrower model (hidden 512), but the space has such a size.
        let match = try SubNetworkSizes(smol, of: Self.smol).closest(toParameters: 86_534_656)
        #expect(abs(Double(match.parameters) / 86_534_656 - 1) < 0.01)
    }

    // MARK: Laws

    /// A random space of a random source, and that source.
    static func random(_ seed: UInt64) -> (space: ElasticSpace, source: Architecture) {
        var random = RepeatableRandom(seed)
        var source = TinyModel.randomArchitecture(seed: seed)
        for index in source.blocks.indices {
            source.blocks[index].intermediateSize = Int.random(in: 2...30, using: &random)
        }
        func choices(_ range: Range<Int>, upTo most: Int) -> [Int] {
            Set(range.filter { _ in Int.random(in: 0..<4, using: &random) == 0 }).union([most]).sorted()
        }
        let space = ElasticSpace(
            layerCounts: choices(1..<source.blocks.count, upTo: source.blocks.count),
            intermediateSizes: source.blocks.map { choices(0..<$0.intermediateSize, upTo: $0.intermediateSize) },
            dropOrder: Array(source.blocks.indices).shuffled(using: &random))
        return (space, source)
    }

    @Test(arguments: 1...24 as ClosedRange<UInt64>) func viewsSizesAndSearchSpacesAgree(_ seed: UInt64) throws {
        let (space, source) = Self.random(seed)
        #expect(space.problems(with: source).isEmpty)
        let sizes = try SubNetworkSizes(space, of: source)
        let search = try space.searchSpace()
        var stream = RandomStream(seed: seed, name: "test")
        #expect(try space.view(of: space.fullGenome) == SubNetworkView(all: source))
        for _ in 0..<20 {
            let genome = space.randomGenome(&stream)
            let view = try space.view(of: genome)
            #expect(search.contains(genome) && view.problems(in: source).isEmpty)
            #expect(try sizes(genome) == SubNetworkSize(source.viewed(by: view)))
            #expect(sizes.parameterRange.contains(try sizes(genome).parameters))
            // A gene without effect changes nothing.
            let noisy = Genome(
                zip(genome.genes, search.optionCounts).enumerated().map { index, gene in
                    search.isActive(index, underOption: genome[0]) ? gene.0 : UInt8(gene.1 - 1)
                })
            #expect(try space.view(of: noisy) == view && sizes(noisy) == sizes(genome))
            #expect(search.canonical(noisy) == genome)
        }
        #expect(try sizes(space.smallestGenome).parameters == sizes.parameterRange.lowerBound)
        #expect(search.genomeCount == space.subNetworkCount)
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>) func theClosestNetworkIsTheClosest(_ seed: UInt64) throws {
        var (space, source) = Self.random(seed)
        // Few enough genomes to walk through all.
        space.intermediateSizes = space.intermediateSizes.map { Array($0.suffix(3)) }
        let sizes = try SubNetworkSizes(space, of: source)
        var all: [Genome] = [Genome([])]
        for count in try space.searchSpace().optionCounts {
            all = all.flatMap { genome in (0..<count).map { Genome(genome.genes + [UInt8($0)]) } }
        }
        let parameters = try all.map { try sizes($0).parameters }
        let range = sizes.parameterRange
        var random = RepeatableRandom(seed)
        for _ in 0..<12 {
            let wanted = Int.random(in: range.lowerBound - 9...range.upperBound + 9, using: &random)
            let found = sizes.closest(toParameters: wanted)
            #expect(try sizes(found.genome).parameters == found.parameters)
            #expect(abs(found.parameters - wanted) == parameters.map { abs($0 - wanted) }.min())
        }
    }

    @Test func drawsReachEveryChoiceEvenly() {
        let space = ElasticSpace(
            layerCounts: [2, 3, 4], intermediateSizes: Array(repeating: [1, 2], count: 4), dropOrder: [1, 2])
        var stream = RandomStream(seed: 1, name: "test")
        var counts: [Genome: Int] = [:]
        for _ in 0..<6000 { counts[space.randomGenome(&stream), default: 0] += 1 }
        #expect(Double(counts.count) == space.subNetworkCount)
        let depths = (0..<3).map { depth in counts.filter { $0.key[0] == depth }.values.reduce(0, +) }
        #expect(depths.allSatisfy { abs($0 - 2000) < 150 })
        #expect(space.layers(atDepth: 0) == [0, 3] && space.layers(atDepth: 1) == [0, 2, 3])
    }

    @Test func spacesThatDoNotFitSayWhy() throws {
        let source = TinyModel.architecture()
        let good = ElasticSpace(layerCounts: [2, 4], intermediateSizes: Array(repeating: [24, 48], count: 4))
        func problems(_ change: (inout ElasticSpace) -> Void) -> String {
            var space = good
            change(&space)
            return space.problems(with: source).joined(separator: "; ")
        }
        #expect(problems { _ in }.isEmpty)
        #expect(problems { $0.layerCounts = [4, 2] }.contains("must ascend; 2 follows 4"))
        #expect(problems { $0.layerCounts = [2, 5] }.contains("a number of layers of 5 is impossible"))
        #expect(problems { $0.layerCounts = [0, 4] }.contains("between 1 and 4"))
        #expect(problems { $0.layerCounts = [2, 3] }.contains("must contain the source"))
        #expect(problems { $0.layerCounts = [] }.contains("no number of layers"))
        #expect(problems { $0.intermediateSizes[1] = [24] }.contains("largest intermediate size of layer 1 is 24"))
        #expect(problems { $0.intermediateSizes[2] = [24, 50] }.contains("of 50 is impossible"))
        #expect(problems { $0.intermediateSizes.removeLast() }.contains("describes 3 blocks, the source has 4"))
        #expect(problems { $0.dropOrder = [1] }.contains("names 1 blocks; the fewest layers drop 2"))
        #expect(problems { $0.dropOrder = [1, 1] }.contains("must name different blocks"))
        #expect(throws: SuperNetworkError.self) {
            try SubNetworkSizes(ElasticSpace(layerCounts: [9], intermediateSizes: []), of: source)
        }
        for (text, words) in [
            ("0-0-0-0", "4 genes; expected 5"), ("2-0-0-0-0", "the depth gene is 2"),
            ("0-0-0-0-7", "the gene of block 3 is 7"),
        ] {
            let genome = try #require(Genome(text))
            let error = #expect(throws: SuperNetworkError.self) { try good.view(of: genome) }
            #expect(error?.description.contains(words) == true)
        }
    }
}
