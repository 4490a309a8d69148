internal import Pipeline

/// The table that ends a run.
enum SummaryRendering {
    /// Parameters, losses, tokens and time of what was made, and where the export and the report lie.
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
        for (artifact, path) in PublishedReports.places(of: artifacts) {
            if case .array(let verdict)? = artifact.record.facts["verdict"] {
                blocks.append(verdict.map { Rendering.wrapped($0.text, indent: "  ") }.joined(separator: "\n"))
            }
            blocks.append("report: \(path)")
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
        rows += taskRows(models)
        rows += speedRows(models)
        return Rendering.table(rows)
    }

    /// One row a task: the result and its 95 percent interval, in brackets where chance lies inside it.
    private static func taskRows(_ models: [RecordValue]) -> [[String]] {
        guard case .array(let first)? = models.first?["tasks"] else { return [] }
        return first.indices.map { index in
            let head = first[index]
            let chance = head["chance"]?.double.map { ", chance \(Rendering.fixed($0, 3))" } ?? ""
            return ["\(head["task"]?.text ?? "?") \(head["metric"]?.text ?? "")\(chance)"]
                + models.map { model in
                    guard case .array(let tasks)? = model["tasks"], tasks.indices.contains(index),
                        let value = tasks[index]["value"]?.double, let low = tasks[index]["low"]?.double,
                        let high = tasks[index]["high"]?.double
                    else { return "-" }
                    let text = "\(Rendering.fixed(value, 3)) (\(Rendering.fixed(low, 3))-\(Rendering.fixed(high, 3)))"
                    return tasks[index]["within_chance"] == .bool(true) ? "[\(text)]" : text
                }
        }
    }

    private static func speedRows(_ models: [RecordValue]) -> [[String]] {
        guard models.first?["throughput"] != nil else { return [] }
        let parts = [
            ("prefill, tokens/s", "prefill_tokens_per_second"), ("decode, tokens/s", "decode_tokens_per_second"),
        ]
        return parts.map { name, key in
            [name] + models.map { $0["throughput"]?[key]?.double.map { Rendering.fixed($0, 1) } ?? "-" }
        } + [
            ["weights as run"]
                + models.map { $0["sizes"]?["stored_bytes"]?.double.map { Rendering.bytes(Int($0)) } ?? "-" }
        ]
    }
}
