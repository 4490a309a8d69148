internal import Pipeline

/// The table that ends a run.
enum SummaryRendering {
    /// Parameters, losses, tokens and time of what was made, and where the export lies.
    static func text(_ artifacts: [Artifact]) -> String {
        var blocks: [String] = []
        var rows = [["stage", "kind", "parameters", "tokens", "time", "peak memory"]]
        for artifact in artifacts {
            let record = artifact.record
            rows.append([
                record.id.name, record.kind.rawValue,
                record.facts["parameters"]?.double.map { Rendering.grouped(Int($0)) } ?? "-",
                record.cost.tokens > 0 ? Rendering.grouped(record.cost.tokens) : "-",
                Rendering.time(record.cost.wallSeconds), Rendering.bytes(record.cost.peakMemoryBytes),
            ])
        }
        blocks.append(Rendering.table(rows))
        for artifact in artifacts where artifact.record.kind == .evaluate {
            if let table = scores(artifact.record) { blocks.append(table) }
        }
        for artifact in artifacts where artifact.record.kind == .export {
            blocks.append("exported: \(artifact.file("model"))")
        }
        return blocks.joined(separator: "\n\n")
    }

    /// Losses by domain, one column per model.
    static func scores(_ record: StageRecord) -> String? {
        guard case .array(let models)? = record.facts["models"], case .array(let domains)? = record.facts["domains"]
        else { return nil }
        var rows = [["\(record.id): loss, nats per token"] + models.map { $0["stage"]?.text ?? "?" }]
        rows.append(["parameters"] + models.map { $0["parameters"]?.double.map { Rendering.grouped(Int($0)) } ?? "-" })
        for domain in domains {
            rows.append(
                [domain.text] + models.map { $0["losses"]?[domain.text]?.double.map { Rendering.fixed($0, 3) } ?? "-" })
        }
        rows.append(["mean"] + models.map { $0["mean_loss"]?.double.map { Rendering.fixed($0, 3) } ?? "-" })
        rows.append(
            ["spread of distances from \(models.first?["stage"]?.text ?? "")"]
                + models.map { $0["spread"]?.double.map { Rendering.fixed($0, 3) } ?? "-" })
        return Rendering.table(rows)
    }
}
