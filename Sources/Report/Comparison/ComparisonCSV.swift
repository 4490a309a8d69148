internal import Statistics

/// `comparison.csv`: one row for each arm and regime, for spreadsheets and scripts.
public enum ComparisonCSV {
    /// The file's text, with a line of column names first. Absent values are empty.
    public static func text(_ comparison: Comparison) -> String {
        let domains = comparison.losses.first?.entries.first?.domains.map(\.domain) ?? []
        var tasks: [String] = []
        for task in comparison.tasks.map(\.task) where !tasks.contains(task) { tasks.append(task) }
        var rows = [
            [
                "arm", "method", "regime", "stage", "parameters", "fp16_bytes", "int8_bytes", "stored_bytes",
                "memory_bytes", "kv_bytes_per_token", "peak_memory_bytes", "prefill_tokens_per_second",
                "decode_tokens_per_second", "loss", "loss_low", "loss_high", "loss_standard_error", "rank",
                "difference",
                "difference_low", "difference_high", "p", "p_holm", "lower", "recovery_tokens", "trained_tokens",
                "read_tokens", "floating_point_operations", "wall_seconds", "processor_seconds",
                "cost_peak_memory_bytes",
            ] + domains.map { "loss_\($0)" } + tasks.map { "accuracy_\($0)" }
        ]
        for table in comparison.losses {
            for entry in table.entries {
                guard let summary = comparison.arms.first(where: { $0.arm.name == entry.arm }) else { continue }
                rows.append(
                    row(entry, table, summary, comparison)
                        + domains.map { name in number(entry.domains.first { $0.domain == name }?.loss) }
                        + tasks.map { name in
                            let task = comparison.tasks.first { $0.task == name && $0.regime == table.regime }
                            return number(task?[entry.arm]?.accuracy)
                        })
            }
        }
        return rows.map { $0.map(field).joined(separator: ",") }.joined(separator: "\n") + "\n"
    }

    private static func row(
        _ entry: LossTable.Entry, _ table: LossTable, _ summary: Comparison.ArmSummary, _ comparison: Comparison
    ) -> [String] {
        let name = entry.arm
        let isFinal = table.regime == .full
        let pair = name == comparison.reference ? nil : table.pair(name, comparison.reference)
        let cost = isFinal ? comparison.ledger.arms.first { $0.arm == name }?.total : nil
        let recovery = isFinal ? comparison.recovery.arms.first { $0.arm == name } : nil
        var row = [name, summary.arm.method.rawValue, table.regime.rawValue, entry.stage]
        // Sizes and speeds are the final model's.
        row +=
            isFinal
            ? [
                "\(summary.parameters)", number(summary.sizes?.halfPrecisionBytes), number(summary.sizes?.int8Bytes),
                number(summary.sizes?.storedBytes), number(summary.memoryBytes), number(summary.cacheBytesPerToken),
                number(summary.peakMemoryBytes), number(summary.speed?.prefillTokensPerSecond),
                number(summary.speed?.decodeTokensPerSecond),
            ] : [String](repeating: "", count: 9)
        row += [
            number(entry.mean.value), number(entry.mean.interval?.low), number(entry.mean.interval?.high),
            number(entry.mean.standardError), "\(entry.rank)", number(entry.difference?.value),
            number(entry.difference?.interval?.low), number(entry.difference?.interval?.high),
            number(pair?.probability), number(pair?.adjusted), pair?.lower ?? "",
        ]
        row += [
            number(recovery?.trainedTokens), number(cost?.trainedTokens), number(cost?.readTokens),
            number(cost?.floatingPointOperations), number(cost?.wallSeconds), number(cost?.processorSeconds),
            number(cost?.peakMemoryBytes),
        ]
        return row
    }

    private static func number(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
    private static func number(_ value: Int?) -> String { value.map { "\($0)" } ?? "" }

    /// RFC 4180: quotes around what holds a comma, a quote or a line's end.
    private static func field(_ text: String) -> String {
        guard text.contains(where: { $0 == "," || $0 == "\"" || $0.isNewline }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
