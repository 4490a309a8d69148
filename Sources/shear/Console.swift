internal import Evaluation
internal import Glibc
internal import Pipeline
internal import Search
internal import Training

/// Shows a run's events on standard error: one live line on a terminal, plain lines elsewhere.
final class Console {
    private let style: ProgressLine.Style?
    private var line: ProgressLine?

    /// - Parameter plain: whole lines even on a terminal.
    init(plain: Bool) { style = plain ? .plain(everySeconds: 0) : nil }

    /// Shows one event.
    func show(_ event: RunEvent) {
        switch event {
        case .runStarted(let pipeline, _, let seed, let stages):
            say("\(pipeline): \(stages.count) stages, seed \(seed)")
        case .stageCached(let id, let kind, _): say("\(id) [\(kind.rawValue)] cached")
        case .stageStarted(let id, let kind, _, let why, let resumesAt, let steps):
            line = ProgressLine(label: "  \(id)", style: style)
            if let resumesAt, let steps {
                say("\(id) [\(kind.rawValue)] resumes at step \(resumesAt) of \(steps)")
            } else {
                say("\(id) [\(kind.rawValue)] runs: \(why)")
            }
        case .note(let id, let text): say("  \(id): \(text)")
        case .step(_, let steps, let stepTokens, let metrics):
            line?.show(metrics, of: steps, stepTokens: stepTokens)
            if let scores = metrics.evaluation { say("  step \(metrics.step): " + Console.losses(scores)) }
        case .candidate(_, let count, let objectives, let candidate):
            let scores = zip(objectives, candidate.scores).map { "\($0) \(Console.score($1))" }
            say("  candidate \(candidate.id + 1) of \(count): \(scores.joined(separator: ", "))")
        case .evaluated(let id, let model, let scores): say("  \(id): \(model) " + Console.losses(scores))
        case .checkpoint, .stageFailed, .runFinished: break
        case .stageFinished(let id, _, let path, let cost):
            end()
            say(
                "\(id) done in \(Rendering.time(cost.wallSeconds)), peak memory \(Rendering.bytes(cost.peakMemoryBytes)): \(path)"
            )
        }
    }

    /// Ends the live line, so that what follows starts on a new one.
    func end() {
        line?.finish()
        line = nil
    }

    private func say(_ text: String) {
        if let line { line.note(text) } else { Rendering.say(text) }
    }

    /// Sizes as whole numbers, everything else with four decimals.
    private static func score(_ value: Double) -> String {
        guard value.isFinite else { return "not a number" }
        return value == value.rounded() && abs(value) < 1e15 ? Rendering.grouped(Int(value)) : Rendering.fixed(value, 4)
    }

    static func losses(_ scores: [DomainScore]) -> String {
        let each = scores.map { "\($0.domain) \($0.lossNats.map { Rendering.fixed($0, 3) } ?? "no rows")" }
        let mean = scores.meanLoss.map { Rendering.fixed($0, 3) } ?? "-"
        return "mean loss \(mean) (\(each.joined(separator: ", ")))"
    }
}
