/// The share of each domain in the rows of a batch: not negative, with sum 1.
public struct MixtureWeights: Sendable, Equatable, Codable {
    /// The weights, with sum 1.
    public let values: [Double]

    /// Scales `weights` to sum 1.
    /// - Throws: `CorpusError.invalidArgument` when one is negative or no number, or when none is positive.
    public init(_ weights: [Double]) throws(CorpusError) {
        let remedy = "give one weight of at least 0 per domain, at least one above 0"
        for (domain, weight) in weights.enumerated() where !weight.isFinite || weight < 0 {
            throw .invalidArgument(reason: "The weight of domain \(domain) is \(weight)", remedy: remedy)
        }
        let sum = weights.reduce(0, +)
        guard sum > 0, sum.isFinite else {
            throw .invalidArgument(
                reason: "The weights of \(weights.count) domains have the sum \(sum)", remedy: remedy)
        }
        values = weights.map { $0 / sum }
    }

    /// Reads weights that `encode(to:)` wrote, as they stand: scaling them again would change their last bits.
    /// - Throws: `DecodingError` for anything else.
    public init(from decoder: any Decoder) throws {
        values = try [Double](from: decoder)
        let sum = values.reduce(0, +)
        guard values.allSatisfy({ $0.isFinite && $0 >= 0 }), abs(sum - 1) < 1e-9 else {
            let context = DecodingError.Context(
                codingPath: decoder.codingPath, debugDescription: "weights of at least 0 with sum 1 have the sum \(sum)"
            )
            throw DecodingError.dataCorrupted(context)
        }
    }

    /// Writes the list of weights.
    /// - Throws: what the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        try values.encode(to: encoder)
    }

    /// The units that make one row.
    static let unit: Int64 = 1 << 52

    /// The weights of the domains that are `available` in units of 2^-52 rows, with sum exactly `unit`; all 0 when no
    /// available domain has weight.
    func shares(available: [Bool]) -> [Int64] {
        let open = zip(values, available).map { $1 ? $0 : 0 }
        let sum = open.reduce(0, +)
        guard sum > 0 else { return open.map { _ in 0 } }
        var shares = open.map { Int64(($0 / sum * Double(Self.unit)).rounded(.down)) }
        let largest = shares.indices.max { shares[$0] < shares[$1] } ?? 0
        shares[largest] += Self.unit - shares.reduce(0, +)
        return shares
    }

    /// The rows that each domain must hold so that `steps` steps of `batchRows` rows repeat none, when the weights
    /// may change at every step but never exceed `maximum` (1 where nothing limits them).
    public static func rowsNeeded(steps: Int, batchRows: Int, maximum: [Double]) -> [Int] {
        let rows = Double(steps) * Double(batchRows)
        return maximum.map { Int(min(($0.clamped * rows).rounded(.up) + 1, rows)) }
    }
}

extension Double {
    fileprivate var clamped: Double { Swift.min(Swift.max(self, 0), 1) }
}
