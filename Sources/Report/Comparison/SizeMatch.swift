internal import Statistics

/// Which arms are of the reference's size, by one measure of size: winners differ with the measure.
public struct SizeMatch: Codable, Sendable, Equatable {
    /// What counts as size.
    public enum Criterion: String, Codable, Sendable, CaseIterable {
        /// Weights of the architecture.
        case parameters
        /// Bytes of the weights and of a key-value cache.
        case memory
        /// Seconds per decoded token.
        case latency
    }

    public var criterion: Criterion
    /// Largest distance from the reference's value, relative to it.
    public var tolerance: Double
    public var reference: String
    public var entries: [Entry]

    /// One arm, the reference among them.
    public struct Entry: Codable, Sendable, Equatable {
        public var arm: String
        /// Weights, bytes or seconds per token.
        public var value: Double
        /// Relative to the reference's.
        public var ratio: Double
        public var isMatched: Bool

        enum CodingKeys: String, CodingKey {
            case arm, value, ratio
            case isMatched = "matched"
        }
    }

    /// The arms of equal size, the reference not among them.
    public var matched: [String] { entries.filter { $0.isMatched && $0.arm != reference }.map(\.arm) }

    /// Holds arms against the reference; arms without a value are left out. Nil where the reference has none.
    public init?(
        _ criterion: Criterion, tolerance: Double, reference: String, values: [(arm: String, value: Double?)]
    ) {
        guard let own = values.first(where: { $0.arm == reference })?.value, own > 0 else { return nil }
        self.criterion = criterion
        self.tolerance = tolerance
        self.reference = reference
        entries = values.compactMap { arm, value in
            value.map { value in
                Entry(
                    arm: arm, value: value, ratio: value / own,
                    isMatched: abs(value / own - 1) <= tolerance * (1 + 1e-12))
            }
        }
    }
}

extension MeasuredModel {
    /// The model's size by a criterion; nil where it was not measured.
    func size(by criterion: SizeMatch.Criterion, cacheTokens: Int) -> Double? {
        switch criterion {
        case .parameters: Double(parameters)
        case .memory: memoryBytes(cacheTokens: cacheTokens).map(Double.init)
        case .latency: speed.map { Double($0.rows) / $0.decodeTokensPerSecond }
        }
    }

    /// Bytes of the weights at 2 bytes each, or of their stored form where that is smaller (quantized weights), and of a
    /// key-value cache of so many tokens.
    func memoryBytes(cacheTokens: Int) -> Int? {
        sizes.map { min($0.halfPrecisionBytes, $0.storedBytes) + cacheTokens * (cacheBytesPerToken ?? 0) }
    }
}
