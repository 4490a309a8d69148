public import Transformer

/// How one family's mask variables are laid out: `rows` independent choices of `kept` out of `columns`.
///
/// Hidden and layer masks are one row; intermediate masks one row per layer. Head masks of a target that keeps the
/// key-value heads are one row per (layer, group), so that every group ends with equally many heads; those of a target
/// that drops key-value heads are one row per layer with one variable per group.
public struct MaskRows: Codable, Sendable, Hashable {
    /// What the variables remove.
    public let family: MaskFamily
    /// Rows that are constrained and selected each on its own.
    public let rows: Int
    /// Variables in a row.
    public let columns: Int
    /// Variables of each row that stay in the target; of a selection whose rows differ, their mean, rounded.
    public let kept: Int
    /// Mask elements one variable stands for: the group size where whole head groups are dropped, else 1.
    public let repeats: Int
    /// The mask's shape in the forward pass: `[hidden]`, `[layers, heads]`, `[layers, intermediate]` or `[layers]`.
    public let shape: [Int]

    /// The share of a row's variables that the target removes.
    public var targetSparsity: Double { 1 - Double(kept) / Double(columns) }
    /// All variables of the family.
    public var count: Int { rows * columns }
    /// The family keeps every variable: it takes no part in sampling and constraints.
    public var keepsEverything: Bool { kept == columns }

    /// The layouts of all four families for pruning `source` to `target`, those that keep everything included.
    /// - Precondition: `target.problems(against: source)` is empty.
    static func all(source: Architecture, target: TargetArchitecture) -> [MaskRows] {
        let layers = source.blocks.count
        let block = source.blocks[0]
        let (queries, groups) = (block.queryHeads, block.keyValueHeads)
        let keepsGroups = target.keyValueHeads == groups
        let heads =
            keepsGroups
            ? MaskRows(
                family: .heads, rows: layers * groups, columns: queries / groups, kept: target.heads / groups,
                repeats: 1, shape: [layers, queries])
            : MaskRows(
                family: .heads, rows: layers, columns: groups, kept: target.keyValueHeads,
                repeats: queries / groups, shape: [layers, queries])
        return [
            MaskRows(
                family: .hidden, rows: 1, columns: source.hiddenSize, kept: target.hiddenSize, repeats: 1,
                shape: [source.hiddenSize]),
            heads,
            MaskRows(
                family: .intermediate, rows: layers, columns: block.intermediateSize,
                kept: target.intermediateSize, repeats: 1, shape: [layers, block.intermediateSize]),
            MaskRows(
                family: .layer, rows: 1, columns: layers, kept: target.layers, repeats: 1, shape: [layers]),
        ]
    }

    /// The layouts of the families that `target` really shrinks.
    /// - Throws: `ShearingError.impossibleTarget` with every problem, when the target cannot be carved out of `source`.
    public static func pruned(source: Architecture, target: TargetArchitecture) throws(ShearingError) -> [MaskRows] {
        let problems = target.problems(against: source)
        guard problems.isEmpty else { throw .impossibleTarget(problems) }
        return all(source: source, target: target).filter { !$0.keepsEverything }
    }
}
