internal import Glibc

/// A model's loss as a function of its size, `amplitude * parameters^-exponent + asymptote`, through three models of
/// one family that were trained on equally many tokens.
public struct ScalingFit: Codable, Sendable, Hashable {
    /// One model of the family.
    public struct Point: Codable, Sendable, Hashable {
        /// All parameters, embeddings included.
        public var parameters: Double
        /// Nats per token.
        public var loss: Double

        public init(parameters: Double, loss: Double) {
            self.parameters = parameters
            self.loss = loss
        }
    }

    /// A of `A * N^-b + C`, in nats.
    public let amplitude: Double
    /// b of `A * N^-b + C`; above 0.
    public let exponent: Double
    /// C of `A * N^-b + C`: the loss of an endless model, in nats. Below 0 the curve is no law, only a line through
    /// three points.
    public let asymptote: Double

    /// The one curve through three points, by bisection on the exponent.
    /// - Throws: `TrainingError.reference` when the points are not of three sizes, the loss does not fall with the
    ///   size, or falls faster than any power law between the larger two.
    public init(through points: [Point], domain: String) throws(TrainingError) {
        func refuse(_ reason: String) -> TrainingError {
            .reference(domain: domain, reason: reason, remedy: "give its reference loss, or take the source model's")
        }
        let sorted = points.sorted { $0.parameters < $1.parameters }
        guard sorted.count == 3, sorted.allSatisfy({ $0.parameters > 0 && $0.loss.isFinite && $0.parameters.isFinite })
        else {
            throw refuse("a fit takes 3 models with positive sizes and finite losses, not \(points.count)")
        }
        let (small, middle, large) = (sorted[0], sorted[1], sorted[2])
        guard small.parameters < middle.parameters, middle.parameters < large.parameters else {
            throw refuse("two of the three models have the same size")
        }
        guard small.loss > middle.loss, middle.loss > large.loss else {
            throw refuse("the loss does not fall with the size: \(sorted.map(\.loss))")
        }
        let wanted = (small.loss - middle.loss) / (middle.loss - large.loss)
        let first = log(middle.parameters / small.parameters)
        let second = log(large.parameters / middle.parameters)
        // (N1^-b - N2^-b) / (N2^-b - N3^-b), which rises with b from ln(N2/N1) / ln(N3/N2).
        func ratio(_ b: Double) -> Double { expm1(b * first) / -expm1(-b * second) }
        guard wanted > first / second else {
            throw refuse("the loss falls too evenly with the logarithm of the size for a power law")
        }
        var below = 0.0
        var above = 1.0
        while ratio(above) < wanted && above < 512 { above *= 2 }
        guard ratio(above) >= wanted else { throw refuse("the loss stops falling too abruptly for a power law") }
        for _ in 0..<200 {
            let middle = 0.5 * (below + above)
            if middle == below || middle == above { break }
            if ratio(middle) < wanted { below = middle } else { above = middle }
        }
        exponent = 0.5 * (below + above)
        // In terms of N / N_small, so that nothing overflows.
        let scale = (small.loss - middle.loss) / -expm1(-exponent * first)
        amplitude = scale * pow(small.parameters, exponent)
        asymptote = small.loss - scale
    }

    /// The loss in nats that the curve gives a model of `parameters` parameters, embeddings included.
    public func loss(at parameters: Int) -> Double {
        amplitude * pow(Double(parameters), -exponent) + asymptote
    }

    /// Whether the curve can be a law of nature: no model has a loss below 0.
    public var isPhysical: Bool { asymptote >= 0 }
}
