internal import Statistics

/// Two arms whose order is another one after recovery than before.
public struct RankFlip: Codable, Sendable, Equatable {
    public var earlier: Regime
    public var later: Regime
    /// The arm that was lower earlier, and the one that is lower later.
    public var lowerEarlier: String
    public var lowerLater: String
    /// Whether both orders are outside their intervals; else the flip may be chance.
    public var isSure: Bool

    enum CodingKeys: String, CodingKey {
        case earlier, later
        case lowerEarlier = "lower_earlier"
        case lowerLater = "lower_later"
        case isSure = "sure"
    }

    /// All flips between each regime and the last one before it in which both arms have a model.
    static func all(in tables: [LossTable]) -> [RankFlip] {
        tables.indices.flatMap { index in
            let later = tables[index]
            return later.pairs.compactMap { after -> RankFlip? in
                let known = tables[..<index].reversed().lazy.compactMap { table in
                    table.pair(after.first, after.second).map { (table: table, pair: $0) }
                }
                guard let (earlier, before) = known.first.map({ ($0.table, $0.pair) }),
                    before.difference.value * after.difference.value < 0
                else { return nil }
                let firstWasLower = before.difference.value < 0
                return RankFlip(
                    earlier: earlier.regime, later: later.regime,
                    lowerEarlier: firstWasLower ? after.first : after.second,
                    lowerLater: firstWasLower ? after.second : after.first,
                    isSure: before.lower != nil && after.lower != nil)
            }
        }
    }
}
