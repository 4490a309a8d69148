internal import Corpus
public import Transformer

/// Shapes by chance: what a chosen shape of equal size has to beat.
public enum RandomShape {
    /// How far a shape's parameter count may lie from the one asked for, as a share.
    public static let tolerance = 0.01
    /// Draws until a size counts as impossible.
    private static let attempts = 2000

    /// A uniform shape of about `parameters` weights, embeddings included, inside `source`.
    ///
    /// Layers, hidden size (in steps of `step`) and heads (whole groups of the source's group size, or all groups with
    /// fewer heads each) are drawn until some intermediate size gives the count: every combination that can is equally
    /// likely. None falls below half of the source's unless no such shape exists, then below a quarter, then below
    /// nothing.
    /// - Throws: `ShearingError.impossibleTarget` when no draw gives the count.
    public static func drawn(
        from source: Architecture, parameters: Int, seed: UInt64
    ) throws(ShearingError) -> TargetArchitecture {
        guard let block = source.uniform?.block else {
            throw .impossibleTarget(["the source's layers differ in shape; masks need a source whose layers are alike"])
        }
        guard parameters <= source.parameterCount else {
            throw .impossibleTarget([
                "\(parameters) parameters are asked for, the source has \(source.parameterCount)"
            ])
        }
        for divisor in [2, 4, 1 << 30] {
            var stream = RandomStream(seed: seed, name: "shape/1-\(divisor)")
            for _ in 0..<attempts {
                if let shape = draw(source, block, parameters, divisor, &stream) { return shape }
            }
        }
        throw .impossibleTarget(["no uniform shape inside the source has \(parameters) parameters within 1%"])
    }

    /// The grid of a width: the largest power of two up to 64 that divides it into 8 parts or more.
    static func step(of width: Int) -> Int {
        [64, 32, 16, 8, 4, 2].first { $0 * 8 <= width } ?? 1
    }

    private static func draw(
        _ source: Architecture, _ block: BlockShape, _ parameters: Int, _ divisor: Int, _ stream: inout RandomStream
    ) -> TargetArchitecture? {
        func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &stream) }
        func least(_ size: Int) -> Int { max(1, (size + divisor - 1) / divisor) }
        let step = Self.step(of: source.hiddenSize)
        func steps(_ size: Int) -> Int { (size + step - 1) / step }
        let layers = pick(least(source.blocks.count)...source.blocks.count)
        let hidden = min(
            source.hiddenSize, step * pick(steps(least(source.hiddenSize))...steps(source.hiddenSize)))
        // All groups with fewer heads each, or fewer whole groups: heads in steps of either.
        var choices: [(heads: Int, groups: Int)] = (1...block.groupSize).map {
            ($0 * block.keyValueHeads, block.keyValueHeads)
        }
        choices += (1..<block.keyValueHeads).map { ($0 * block.groupSize, $0) }
        choices = choices.filter { $0.heads >= least(block.queryHeads) }
        let (heads, groups) = choices[pick(0...choices.count - 1)]
        func shape(_ intermediate: Int) -> TargetArchitecture {
            TargetArchitecture(
                layers: layers, hiddenSize: hidden, heads: heads, keyValueHeads: groups, intermediateSize: intermediate)
        }
        func count(_ intermediate: Int) -> Int { parameterCount(of: shape(intermediate), from: source) }
        let slope = count(2) - count(1)
        let wanted = 1 + Double(parameters - count(1)) / Double(slope)
        let grid = max(1, Self.step(of: block.intermediateSize) / 8)
        let size = min(block.intermediateSize, grid * max(1, Int((wanted / Double(grid)).rounded())))
        guard size >= least(block.intermediateSize),
            abs(Double(count(size) - parameters)) <= tolerance * Double(parameters)
        else { return nil }
        return shape(size)
    }

    /// The parameters of a target, from tables of one and two of its layers.
    private static func parameterCount(of target: TargetArchitecture, from source: Architecture) -> Int {
        func count(_ layers: Int) -> Int {
            var shorter = target
            shorter.layers = layers
            return shorter.architecture(from: source).parameterCount
        }
        let one = count(1)
        return one + (target.layers - 1) * (count(2) - one)
    }
}
