public import Evaluation

/// What one optimizer step did.
public struct StepMetrics: Codable, Sendable, Equatable {
    /// The number of steps taken, this one included.
    public var step: Int
    /// The number of tokens of all rows read so far, this step's included.
    public var tokens: Int
    /// The number of tokens of this step's rows.
    public var stepTokens: Int
    /// Nats per counted token over the step's rows, before the step.
    public var loss: Double
    /// The regulariser in nats per token; 0 without one.
    public var regulariser: Double
    /// Nats per counted token of each domain that has rows in the step; other domains are absent.
    public var domainLosses: [String: Double]
    /// The rate of each parameter group at this step.
    public var rates: [String: Double]
    /// The gradient norm of each clip group before clipping.
    public var gradientNorms: [String: Double]
    /// The share of each domain in the mixture that this step's rows were drawn from.
    public var mixture: [String: Double]
    /// Passes over each domain's rows so far; 1.5 is one and a half. Empty where the loader does not say.
    public var epochs: [String: Double]
    /// The rows of the step by domain, in order; `nil` where they are not listed.
    public var rows: [String: [Int]]?
    /// What the objective reports.
    public var objective: [String: Double]
    /// Wall time of the step in seconds, evaluation and checkpoints excluded.
    public var seconds: Double
    /// The part of it in which the step waited for its rows; `nil` in logs of before it was recorded.
    public var dataWaitSeconds: Double?
    /// What was measured after the step; `nil` when this step was not followed by an evaluation.
    public var evaluation: [DomainScore]?

    public init(
        step: Int, tokens: Int, stepTokens: Int = 0, loss: Double, regulariser: Double = 0,
        domainLosses: [String: Double] = [:],
        rates: [String: Double] = [:], gradientNorms: [String: Double] = [:], mixture: [String: Double] = [:],
        epochs: [String: Double] = [:], objective: [String: Double] = [:], seconds: Double = 0,
        evaluation: [DomainScore]? = nil
    ) {
        self.step = step
        self.tokens = tokens
        self.stepTokens = stepTokens
        self.loss = loss
        self.regulariser = regulariser
        self.domainLosses = domainLosses
        self.rates = rates
        self.gradientNorms = gradientNorms
        self.mixture = mixture
        self.epochs = epochs
        self.objective = objective
        self.seconds = seconds
        self.evaluation = evaluation
    }

    /// Everything by the names of the log: `train/loss`, `train/lr/<group>`, `data/weight/<domain>`,
    /// `eval/loss/<domain>` and so on, without `step` and `tokens`.
    public var named: [(name: String, value: Double)] {
        var list: [(String, Double)] = [("train/loss", loss)]
        if regulariser != 0 { list.append(("train/regulariser", regulariser)) }
        func add(_ prefix: String, _ values: [String: Double]) {
            for (name, value) in values.sorted(by: { $0.key < $1.key }) { list.append((prefix + name, value)) }
        }
        if let rate = rates["weights"] ?? rates.values.first { list.append(("train/lr", rate)) }
        if rates.count > 1 { add("train/lr/", rates) }
        add("train/gradient_norm/", gradientNorms)
        add("train/loss/", domainLosses)
        add("data/weight/", mixture)
        add("data/epoch/", epochs)
        add("", objective)
        for score in evaluation ?? [] {
            if let loss = score.lossNats { list.append(("eval/loss/\(score.domain)", loss)) }
            if let error = score.standardError { list.append(("eval/standard_error/\(score.domain)", error)) }
        }
        if let mean = evaluation?.meanLoss { list.append(("eval/loss", mean)) }
        if seconds > 0 {
            list.append(("perf/seconds", seconds))
            list.append(("perf/tok_s", Double(stepTokens) / seconds))
        }
        if let dataWaitSeconds { list.append(("perf/data_wait_seconds", dataWaitSeconds)) }
        return list
    }
}
