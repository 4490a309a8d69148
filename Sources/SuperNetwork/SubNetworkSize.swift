public import Search
internal import Torch
public import Transformer

/// What a sub-network weighs, exactly, in numbers that add up over its blocks.
public struct SubNetworkSize: Codable, Sendable, Hashable {
    /// All weights; a tied head counts once.
    public var parameters: Int
    /// The weights of projections among them: what is quantised.
    public var projectionParameters: Int
    /// Bytes as quantised to INT8, scales included.
    public var int8Bytes: Int
    /// Bytes as quantised to INT4, scales and offsets included.
    public var int4Bytes: Int
    /// Bytes of keys and values that each token leaves behind, two bytes a number.
    public var keyValueBytesPerToken: Int

    /// The size of an architecture.
    public init(_ architecture: Architecture) {
        let size = ModelSize(architecture)
        parameters = size.projectionElements + size.otherElements
        projectionParameters = size.projectionElements
        int8Bytes = size.quantizedBytes(.int8)
        int4Bytes = size.quantizedBytes(.int4)
        keyValueBytesPerToken = CostModel(architecture).keyValueBytesPerToken(.bfloat16)
    }

    /// Bytes with two bytes a weight (float16 or bfloat16).
    public var halfPrecisionBytes: Int { 2 * parameters }

    /// `one` plus `sign` times `other`, number by number.
    fileprivate init(_ one: SubNetworkSize, plus other: SubNetworkSize, times sign: Int = 1) {
        self = one
        parameters += sign * other.parameters
        projectionParameters += sign * other.projectionParameters
        int8Bytes += sign * other.int8Bytes
        int4Bytes += sign * other.int4Bytes
        keyValueBytesPerToken += sign * other.keyValueBytesPerToken
    }
}

/// The sizes of all sub-networks of a space, by adding up their blocks: no table of weights is made per genome.
public struct SubNetworkSizes: Sendable {
    /// The space whose genomes are sized.
    public let space: ElasticSpace
    /// What every sub-network has: embedding, final norm, head.
    private let base: SubNetworkSize
    /// What each block adds at each of its widths.
    private let blocks: [[SubNetworkSize]]
    /// The blocks that run at each depth.
    private let running: [[Int]]

    /// - Throws: `SuperNetworkError.space` when the space does not fit the source.
    public init(_ space: ElasticSpace, of source: Architecture) throws(SuperNetworkError) {
        let problems = space.problems(with: source)
        guard problems.isEmpty else { throw .space(problems: problems) }
        self.space = space
        let base = SubNetworkSize(source.reshaped(blocks: []))
        self.base = base
        running = space.layerCounts.indices.map { space.layers(atDepth: $0) }
        blocks = zip(source.blocks, space.intermediateSizes).map { block, sizes in
            sizes.map { size in
                var shape = block
                shape.intermediateSize = size
                return SubNetworkSize(SubNetworkSize(source.reshaped(blocks: [shape])), plus: base, times: -1)
            }
        }
    }

    /// The size of a genome's sub-network.
    /// - Throws: `SuperNetworkError.genome`.
    public func callAsFunction(_ genome: Genome) throws(SuperNetworkError) -> SubNetworkSize {
        try space.check(genome)
        return running[genome[0]].reduce(base) { SubNetworkSize($0, plus: blocks[$1][genome[$1 + 1]]) }
    }

    /// The fewest and the most parameters that a sub-network has.
    public var parameterRange: ClosedRange<Int> {
        let range = running.indices.map { depth in
            return (
                running[depth].reduce(base.parameters) { $0 + (blocks[$1].map(\.parameters).min() ?? 0) },
                running[depth].reduce(base.parameters) { $0 + (blocks[$1].map(\.parameters).max() ?? 0) }
            )
        }
        return (range.map(\.0).min() ?? 0)...(range.map(\.1).max() ?? 0)
    }

    /// The sub-network whose number of parameters is closest to a wish; the smaller of two equally close ones, then
    /// the one with fewer blocks. Exact: all sums that the choices can make are walked through.
    public func closest(toParameters wanted: Int) -> (genome: Genome, parameters: Int) {
        var best: (genome: Genome, parameters: Int)?
        for depth in running.indices {
            let found = closest(toParameters: wanted, atDepth: depth)
            let (gap, least) = (abs(found.parameters - wanted), best.map { abs($0.parameters - wanted) } ?? .max)
            if gap < least || (gap == least && found.parameters < best?.parameters ?? .max) { best = found }
        }
        return best ?? (space.smallestGenome, base.parameters)
    }

    /// Whether a number of parameters counts as equal to a wish: within 1 percent of it.
    public static func isClose(_ parameters: Int, to wanted: Int) -> Bool {
        abs(Double(parameters) / Double(wanted) - 1) <= 0.01
    }

    /// Why no sub-network counts as one of `wanted` parameters, as a clause; nil when one does.
    public func problem(reaching wanted: Int) -> String? {
        let found = closest(toParameters: wanted).parameters
        if Self.isClose(found, to: wanted) { return nil }
        let range = parameterRange
        return "no sub-network has \(wanted) parameters within 1 percent: the closest one has \(found), "
            + "the space lies between \(range.lowerBound) and \(range.upperBound)"
    }

    private func closest(toParameters wanted: Int, atDepth depth: Int) -> (genome: Genome, parameters: Int) {
        let running = running[depth]
        let least = running.map { blocks[$0].map(\.parameters).min() ?? 0 }
        let floor = base.parameters + least.reduce(0, +)
        // Widths cost multiples of the hidden size: counted in their common unit, the sums fit in a short table.
        let extra = zip(running, least).map { block, least in blocks[block].map { $0.parameters - least } }
        let unit = max(extra.joined().reduce(0, greatestCommonDivisor), 1)
        let steps = extra.map { $0.map { $0 / unit } }
        var reachable: [[Bool]] = [[true]]
        for choices in steps {
            let before = reachable[reachable.count - 1]
            var after = [Bool](repeating: false, count: before.count + (choices.max() ?? 0))
            for (sum, isThere) in before.enumerated() where isThere { for step in choices { after[sum + step] = true } }
            reachable.append(after)
        }
        let sums = reachable[reachable.count - 1]
        var sum = 0
        for (candidate, isThere) in sums.enumerated() where isThere {
            if abs(floor + candidate * unit - wanted) < abs(floor + sum * unit - wanted) { sum = candidate }
        }
        var genes = space.smallestGenome.genes
        genes[0] = UInt8(depth)
        var left = sum
        for (index, block) in running.enumerated().reversed() {
            let before = reachable[index]
            let gene = steps[index].firstIndex { $0 <= left && left - $0 < before.count && before[left - $0] }
            genes[block + 1] = UInt8(gene ?? 0)
            left -= steps[index][gene ?? 0]
        }
        return (Genome(genes), floor + sum * unit)
    }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }
