internal import Corpus

/// How sure a mean over domains is, and a difference of two models that were measured on the same rows.
///
/// Rows are drawn with replacement inside each domain, the same ones for every model, so that what makes a row hard for
/// all models cancels out of their differences. A domain of n rows gives n - 1 draws: for a mean that makes the variance
/// over resamples the unbiased one, where n draws would be too narrow by (n - 1) / n, which matters for domains of a few
/// rows (Rao and Wu 1988, Rao, Wu and Yue 1992). Intervals are those of percentiles (Efron and Tibshirani 1993, ch. 13).
/// They hold what other rows of the same kind would change, not what another training run would.
public struct PairedBootstrap: Sendable {
    public let strata: [Stratum]
    public let confidence: Double
    /// `[model]`: the mean over strata, each counting the same.
    public let means: [Double]
    /// `[model][resample]`; empty when a stratum has fewer than 2 rows, which says nothing about its spread.
    let replicates: [[Double]]

    /// Draws all resamples; time and memory grow with rows times models times resamples.
    /// - Parameter strata: at least one, each with the same number of models and a positive weight.
    public init(strata: [Stratum], resamples: Int, seed: UInt64, confidence: Double = 0.95) {
        precondition(!strata.isEmpty, "a bootstrap without rows")
        self.strata = strata
        self.confidence = confidence
        let models = strata[0].sums.count
        means = (0..<models).map { model in
            strata.reduce(0) { $0 + $1.mean(of: model) } / Double(strata.count)
        }
        guard strata.allSatisfy({ $0.weights.count > 1 }), resamples > 1 else {
            replicates = [[Double]](repeating: [], count: models)
            return
        }
        var sums = [[Double]](repeating: [Double](repeating: 0, count: resamples), count: models)
        for (index, stratum) in strata.enumerated() {
            var stream = RandomStream(seed: seed, name: "bootstrap/\(index)")
            PairedBootstrap.add(stratum, share: 1 / Double(strata.count), to: &sums, from: &stream)
        }
        replicates = sums
    }

    /// Adds a stratum's share to every resample of every model.
    private static func add(
        _ stratum: Stratum, share: Double, to sums: inout [[Double]], from stream: inout RandomStream
    ) {
        let rows = stratum.weights.count
        let models = stratum.sums.count
        // Row by row, so that one draw touches one line of memory.
        let table = (0..<rows).flatMap { row in [stratum.weights[row]] + stratum.sums.map { $0[row] } }
        var total = [Double](repeating: 0, count: models + 1)
        for resample in 0..<(sums.first?.count ?? 0) {
            for column in 0...models { total[column] = 0 }
            for _ in 1..<rows {
                let start = Int(stream.integer(below: UInt64(rows))) * (models + 1)
                for column in 0...models { total[column] += table[start + column] }
            }
            for model in 0..<models { sums[model][resample] += share * total[model + 1] / total[0] }
        }
    }

    /// A number with what is known about its error.
    public struct Estimate: Codable, Sendable, Hashable {
        public var value: Double
        /// Nil where a domain has fewer than 2 rows.
        public var interval: Interval?
        public var standardError: Double?

        public init(value: Double, interval: Interval? = nil, standardError: Double? = nil) {
            self.value = value
            self.interval = interval
            self.standardError = standardError
        }

        enum CodingKeys: String, CodingKey {
            case value, interval
            case standardError = "standard_error"
        }
    }

    /// The mean of a model over the strata.
    public func estimate(of model: Int) -> Estimate { estimate(means[model], replicates[model]) }

    /// How much higher the first model's mean is than the second's.
    public func difference(_ first: Int, _ second: Int) -> Estimate {
        estimate(means[first] - means[second], differences(first, second))
    }

    /// Two-sided p-value of no difference: twice the smaller share of resamples on one side of 0, each side counted with
    /// one more (Davison and Hinkley 1997, section 4.2), so never below 2 / (resamples + 1). Nil without resamples.
    public func probability(_ first: Int, _ second: Int) -> Double? {
        let differences = differences(first, second)
        guard !differences.isEmpty else { return nil }
        let below = differences.count { $0 <= 0 }
        let above = differences.count { $0 >= 0 }
        return min(1, 2 * Double(min(below, above) + 1) / Double(differences.count + 1))
    }

    private func differences(_ first: Int, _ second: Int) -> [Double] {
        zip(replicates[first], replicates[second]).map { $0 - $1 }
    }

    private func estimate(_ value: Double, _ replicates: [Double]) -> Estimate {
        guard replicates.count > 1 else { return Estimate(value: value) }
        let sorted = replicates.sorted()
        let count = Double(sorted.count)
        let tail = max(1, Int((count + 1) * (1 - confidence) / 2))
        let mean = sorted.reduce(0, +) / count
        let squares = sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return Estimate(
            value: value, interval: Interval(low: sorted[tail - 1], high: sorted[sorted.count - tail]),
            standardError: (squares / (count - 1)).squareRoot())
    }
}
