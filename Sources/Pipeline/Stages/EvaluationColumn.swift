internal import Evaluation
internal import Statistics

/// What was measured of one model, in the forms it is told in.
struct EvaluationColumn {
    /// Row by row and question by question.
    var measurement: Measurements.Model
    var scores: [DomainScore]
    var tasks: [TaskScore]

    /// One column of `scores.json`.
    struct Summary: Encodable {
        var stage: String
        var fingerprint: String
        var parameters: Int
        var scores: [DomainScore]
        var mean_loss: Double?
        var tasks: [TaskSummary]?
        var throughput: MeasuredSpeed?
        var peak_memory_bytes: Int?
        var stored_bytes: Int?
    }

    var summary: Summary {
        Summary(
            stage: measurement.stage, fingerprint: measurement.fingerprint, parameters: measurement.parameters,
            scores: scores, mean_loss: scores.meanLoss, tasks: tasks.isEmpty ? nil : tasks.map { TaskSummary($0) },
            throughput: measurement.throughput, peak_memory_bytes: measurement.peakMemoryBytes,
            stored_bytes: measurement.sizes?.storedBytes)
    }

    /// As the closing table reads it; the spread is over the domains' distances from the first model.
    func facts(first: EvaluationColumn) -> RecordValue {
        var facts = lossFacts(scores)
        facts["stage"] = .string(measurement.stage)
        facts["parameters"] = .integer(measurement.parameters)
        let distances = zip(scores, first.scores).compactMap { own, other in
            own.lossNats.flatMap { loss in other.lossNats.map { loss - $0 } }
        }
        if let high = distances.max(), let low = distances.min() { facts["spread"] = .number(high - low) }
        if !tasks.isEmpty { facts["tasks"] = .array(tasks.map { RecordValue(TaskSummary($0)) }) }
        if let throughput = measurement.throughput { facts["throughput"] = RecordValue(throughput) }
        if let sizes = measurement.sizes { facts["sizes"] = RecordValue(sizes) }
        return .object(facts)
    }
}
