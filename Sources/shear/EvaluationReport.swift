internal import Evaluation
internal import FoundationEssentials
internal import Pipeline
internal import Statistics
internal import Transformer

/// What `shear evaluate` found.
struct EvaluationReport {
    let path: String
    let parameters: Int
    var domains: [DomainScore]?
    var tasks: [TaskScore] = []
    var throughput: MeasuredSpeed?

    init(path: String, _ architecture: Architecture) {
        self.path = path
        parameters = architecture.parameterCount
    }

    /// Tables.
    var text: String {
        var blocks: [String] = []
        if let domains { blocks.append(Self.text(domains)) }
        if !tasks.isEmpty { blocks.append(Self.text(tasks)) }
        if let throughput {
            blocks.append(
                """
                \(throughput.rows) x \(throughput.columns) tokens of prompt, \(throughput.decoded) decoded, the median \
                of \(throughput.repeats), spread \(Rendering.fixed(throughput.spread * 100, 1)) percent
                prefill  \(Rendering.fixed(throughput.prefillTokensPerSecond, 1)) tokens/s
                decode   \(Rendering.fixed(throughput.decodeTokensPerSecond, 1)) tokens/s
                """)
        }
        return blocks.joined(separator: "\n\n")
    }

    private static func text(_ scores: [DomainScore]) -> String {
        var rows = [["domain", "loss", "error", "perplexity", "tokens", "rows"]]
        for score in scores {
            rows.append([
                score.domain, score.lossNats.map { Rendering.fixed($0, 4) } ?? "no rows",
                score.standardError.map { Rendering.fixed($0, 4) } ?? "-",
                score.perplexity.map { Rendering.fixed($0, 2) } ?? "-", Rendering.grouped(score.tokens),
                "\(score.rows)",
            ])
        }
        rows.append(["mean", scores.meanLoss.map { Rendering.fixed($0, 4) } ?? "-", "", "", "", ""])
        return Rendering.table(rows)
    }

    private static func text(_ scores: [TaskScore]) -> String {
        var rows = [["task", "metric", "value", "error", "95% interval", "chance", "questions"]]
        for score in scores {
            let result = score.result
            rows.append([
                score.task, score.metric.rawValue, result.value.map { Rendering.fixed($0, 4) } ?? "-",
                result.standardError.map { Rendering.fixed($0, 4) } ?? "-",
                result.interval.map { "\(Rendering.fixed($0.lowerBound, 4))-\(Rendering.fixed($0.upperBound, 4))" }
                    ?? "-",
                Rendering.fixed(score.chance, 4) + (score.isWithinChance ? " (inside)" : ""), "\(result.count)",
            ])
        }
        return Rendering.table(rows)
    }

    private struct Form: Encodable {
        var model: String
        var parameters: Int
        var domains: [DomainScore]?
        var mean_loss: Double?
        var tasks: [TaskSummary]?
        var throughput: MeasuredSpeed?
    }

    /// One JSON object, without its last line break.
    var json: String {
        let form = Form(
            model: path, parameters: parameters, domains: domains, mean_loss: domains?.meanLoss,
            tasks: tasks.isEmpty ? nil : tasks.map { TaskSummary($0) }, throughput: throughput)
        return String(decoding: CanonicalJSON.readable(form).dropLast(), as: UTF8.self)
    }
}
