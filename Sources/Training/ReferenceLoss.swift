public import Evaluation

/// Where the loss that each domain should reach comes from.
public enum ReferenceLoss: Codable, Sendable, Hashable {
    /// Numbers in nats per token, by domain.
    case given([String: Double])
    /// What the source model reaches on the same validation rows.
    case measured
    /// Extrapolated from three models of one family to the target's size, by domain.
    case fitted([String: [ScalingFit.Point]])

    /// The reference of each of `domains`, in their order.
    /// - Parameters:
    ///   - parameters: The target's size, embeddings included; for `.fitted`.
    ///   - source: The source model's scores; for `.measured`.
    ///   - warn: Receives one sentence for each reference that should not be trusted.
    /// - Throws: `TrainingError.reference` when a given or fitted one is missing or cannot be had.
    public func losses(
        for domains: [String], parameters: Int, source: [DomainScore], warn: (String) -> Void
    ) throws(TrainingError) -> [Double?] {
        var list: [Double?] = []
        for domain in domains {
            switch self {
            case .given(let losses):
                guard let loss = losses[domain] else {
                    throw .reference(
                        domain: domain,
                        reason: "not among the given ones (\(losses.keys.sorted().joined(separator: ", ")))",
                        remedy: "add it, or take the source model's")
                }
                guard loss.isFinite, loss > 0 else {
                    throw .reference(domain: domain, reason: "\(loss) is no loss in nats", remedy: "correct it")
                }
                list.append(loss)
            case .measured:
                let score = source.first { $0.domain == domain }
                if score?.lossNats == nil {
                    warn("\(domain) has no validation rows: it gets no reference and keeps its weight.")
                }
                list.append(score?.lossNats)
            case .fitted(let models):
                guard let points = models[domain] else {
                    throw .reference(
                        domain: domain, reason: "no models to fit it to",
                        remedy: "add the losses of three models, or take the source model's")
                }
                let fit = try ScalingFit(through: points, domain: domain)
                if !fit.isPhysical {
                    warn(
                        "The fit for \(domain) tends to \(fit.asymptote) nats, below 0: "
                            + "its extrapolation is not to be trusted.")
                }
                list.append(fit.loss(at: parameters))
            }
        }
        return list
    }
}
