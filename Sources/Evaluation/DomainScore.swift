internal import Glibc

/// How well a model predicts one domain.
public struct DomainScore: Codable, Sendable, Equatable {
    public var domain: String
    /// Nats per predicted token; `nil` when the domain has no rows: absent, not a number.
    public var lossNats: Double?
    /// The standard error of `lossNats` over rows; `nil` with fewer than 2 rows.
    public var standardError: Double?
    /// The number of predicted tokens.
    public var tokens: Int
    /// The number of rows.
    public var rows: Int

    public init(domain: String, lossNats: Double?, standardError: Double?, tokens: Int, rows: Int) {
        self.domain = domain
        self.lossNats = lossNats
        self.standardError = standardError
        self.tokens = tokens
        self.rows = rows
    }

    /// The score of a domain from its rows' sums.
    /// - Parameters:
    ///   - rowSums: Nats of each row.
    ///   - rowTokens: Predicted tokens of each row, in the same order.
    public init(domain: String, rowSums: [Double], rowTokens: [Int]) {
        let tokens = rowTokens.reduce(0, +)
        guard tokens > 0 else {
            self.init(domain: domain, lossNats: nil, standardError: nil, tokens: 0, rows: rowSums.count)
            return
        }
        let loss = rowSums.reduce(0, +) / Double(tokens)
        // The linearised error of a ratio of two sums over rows.
        var error: Double?
        if rowSums.count > 1 {
            let squares = zip(rowSums, rowTokens).reduce(0.0) { sum, row in
                let residue = row.0 - loss * Double(row.1)
                return sum + residue * residue
            }
            let count = Double(rowSums.count)
            error = (squares * count / (count - 1)).squareRoot() / Double(tokens)
        }
        self.init(domain: domain, lossNats: loss, standardError: error, tokens: tokens, rows: rowSums.count)
    }

    /// The score of a domain's rows.
    public init(_ rows: Measurements.Domain) {
        self.init(domain: rows.domain, rowSums: rows.rowSums, rowTokens: rows.rowTokens)
    }

    /// `exp(lossNats)`.
    public var perplexity: Double? { lossNats.map { exp($0) } }
}

extension [DomainScore] {
    /// The mean of the domains' losses, each domain counting the same, in nats; `nil` when all are absent.
    public var meanLoss: Double? {
        let losses = compactMap(\.lossNats)
        return losses.isEmpty ? nil : losses.reduce(0, +) / Double(losses.count)
    }
}
