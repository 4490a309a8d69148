internal import Statistics

/// The rows and questions that all compared models were measured on, resampled once for all of them.
struct Pairing {
    let rows: PairedBootstrap
    /// Each stage's place in `rows`.
    let models: [String: Int]
    /// Nil where no task was answered by all models that answered any.
    let questions: PairedBootstrap?
    /// Each answering stage's place in `questions`.
    let answering: [String: Int]
    /// Each arm with the model it ends with.
    let finals: [(arm: ComparedArm, model: MeasuredModel)]

    /// - Throws: `.unmeasured`, `.unpaired`.
    init(_ input: ComparisonInput) throws(ReportError) {
        var stages: [Measured] = []
        var finals: [(ComparedArm, MeasuredModel)] = []
        for arm in input.arms {
            for regime in Regime.allCases {
                guard let stage = arm.stage(in: regime) else { continue }
                guard let model = input.measured[stage], model.domains.contains(where: { $0.loss != nil }) else {
                    throw .unmeasured(arm: arm.name, stage: stage)
                }
                if !stages.contains(where: { $0.stage == stage }) { stages.append((stage, model)) }
                if regime == .full { finals.append((arm, model)) }
            }
        }
        self.finals = finals
        try Pairing.requireLikeSpeeds(finals.map(\.1))
        let strata = try Pairing.domains(stages)
        rows = PairedBootstrap(strata: strata, resamples: input.resamples, seed: input.seed)
        models = Dictionary(uniqueKeysWithValues: stages.enumerated().map { ($0.element.stage, $0.offset) })
        let answerers = stages.filter { !$0.model.tasks.isEmpty }
        let tasks = try Pairing.tasks(answerers)
        questions =
            tasks.isEmpty ? nil : PairedBootstrap(strata: tasks, resamples: input.resamples, seed: input.seed)
        answering = Dictionary(uniqueKeysWithValues: answerers.enumerated().map { ($0.element.stage, $0.offset) })
    }

    private typealias Measured = (stage: String, model: MeasuredModel)

    /// Speeds are ranked and matched only where they were taken alike.
    private static func requireLikeSpeeds(_ models: [MeasuredModel]) throws(ReportError) {
        let timed = models.compactMap { model in model.speed.map { (stage: model.stage, settings: $0.settings) } }
        guard let first = timed.first else { return }
        for other in timed where other.settings != first.settings {
            throw .unpaired(
                first: first.stage, second: other.stage,
                part: "speed settings (\(first.settings); \(other.settings))")
        }
    }

    private static func domains(_ models: [Measured]) throws(ReportError) -> [Stratum] {
        guard let first = models.first else { return [] }
        var strata: [Stratum] = []
        let wanted = first.model.domains.filter { $0.loss != nil }
        for other in models where other.model.domains.filter({ $0.loss != nil }).map(\.name) != wanted.map(\.name) {
            throw .unpaired(first: first.stage, second: other.stage, part: "domains")
        }
        for domain in wanted {
            var sums: [[Double]] = []
            for other in models {
                guard let own = other.model.domains.first(where: { $0.name == domain.name }),
                    own.rowTokens == domain.rowTokens, own.rowSums.count == domain.rowTokens.count
                else {
                    throw .unpaired(first: first.stage, second: other.stage, part: "rows of domain '\(domain.name)'")
                }
                sums.append(own.rowSums)
            }
            strata.append(Stratum(name: domain.name, weights: domain.rowTokens.map(Double.init), sums: sums))
        }
        return strata
    }

    /// The tasks that all models answered; whatever two of them answered must be the same questions.
    private static func tasks(_ models: [Measured]) throws(ReportError) -> [Stratum] {
        var strata: [Stratum] = []
        var names: [String] = []
        for name in models.flatMap({ $0.model.tasks.map(\.name) }) where !names.contains(name) { names.append(name) }
        for name in names {
            let answered = models.compactMap { entry in
                entry.model.tasks.first { $0.name == name }.map { (stage: entry.stage, task: $0) }
            }
            guard let (first, task) = answered.first.map({ ($0.stage, $0.task) }) else { continue }
            var sums: [[Double]] = []
            for (stage, own) in answered {
                guard own.answers.map(\.id) == task.answers.map(\.id), own.metric == task.metric else {
                    throw .unpaired(first: first, second: stage, part: "questions of '\(name)'")
                }
                sums.append(own.answers.map { $0.isRight ? 1 : 0 })
            }
            guard sums.count == models.count, !task.answers.isEmpty else { continue }
            strata.append(Stratum(name: task.name, weights: task.answers.map { _ in 1 }, sums: sums))
        }
        return strata
    }
}
