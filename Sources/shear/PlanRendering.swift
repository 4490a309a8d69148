internal import FoundationEssentials
internal import Pipeline
internal import Transformer

/// A plan in words, or as JSON.
enum PlanRendering {
    static func text(_ plan: PipelinePlan, _ rates: RateBook) -> String {
        var lines = ["\(plan.file.name) (\(plan.file.path), seed \(plan.file.seed))", ""]
        for stage in plan.stages {
            lines.append("\(stage.id)  [\(stage.kind.rawValue)]  \(state(stage))")
            lines += details(stage, rates).map { "    " + $0 }
        }
        if !plan.missing.isEmpty {
            lines += ["", "Missing inputs:"]
            for input in plan.missing {
                lines.append("  \(input.path)  (\(input.role))")
                lines.append("      how to get it: \(input.remedy)")
            }
        }
        let work = plan.stages.filter { !$0.isCached }
        lines.append("")
        if work.isEmpty {
            lines.append("Nothing to do: every stage is cached.")
        } else {
            let seconds = work.compactMap { time($0, rates) }
            let total = seconds.isEmpty ? "" : ", about \(Rendering.time(seconds.reduce(0, +))) of computing"
            lines.append("\(work.count) of \(plan.stages.count) stages to run\(total).")
        }
        return lines.joined(separator: "\n")
    }

    private static func state(_ stage: PlannedStage) -> String {
        switch stage.state {
        case .cached(let artifact): "cached: \(artifact.path)"
        case .resume(let step, let steps, let why): "resume at step \(step) of \(steps): \(why)"
        case .run(let why): "run: \(why)"
        case .blocked(let inputs): "blocked: \(inputs.map(\.path).joined(separator: ", ")) missing"
        case .waiting(let id): "waiting for \(id)"
        }
    }

    private static func details(_ stage: PlannedStage, _ rates: RateBook) -> [String] {
        let outlook = stage.outlook
        var lines: [String] = []
        if let source = outlook.source, let made = outlook.architecture, source != made {
            lines.append(
                "parameters   \(Rendering.grouped(source.parameterCount)) -> \(Rendering.grouped(made.parameterCount))")
        } else if let made = outlook.architecture {
            lines.append("parameters   \(Rendering.grouped(made.parameterCount))")
        }
        if let tokens = tokens(stage) {
            lines.append(
                tokens.areEstimated
                    ? "tokens       about \(Rendering.short(Double(tokens.count))), estimated from the size of the text"
                    : "tokens       \(Rendering.grouped(tokens.count)) (\(Rendering.short(Double(tokens.count))))")
        }
        if stage.isCached { return lines }
        if let operations = outlook.floatingPointOperations {
            lines.append("operations   \(scientific(operations)) FLOP")
        }
        if let memory = outlook.memoryBytes {
            var line = "memory       \(Rendering.bytes(memory))"
            if stage.declaration.runtime.device == "cpu", let here = Machine.memoryBytes, memory > here {
                line += ", more than this machine's \(Rendering.bytes(here))"
            }
            lines.append(line)
        }
        if let disk = outlook.diskBytes { lines.append("disk         \(Rendering.bytes(disk))") }
        if let operations = stage.outlook.floatingPointOperations, operations > 0, rates.rate(for: stage) == nil {
            lines.append("time         unknown: there is no \(stage.declaration.runtime.device) here")
        }
        if let seconds = time(stage, rates), let rate = rates.rate(for: stage) {
            lines.append(
                "time         about \(Rendering.time(seconds)) at \(scientific(rate.operationsPerSecond)) FLOP/s (\(rate.source))"
            )
        }
        return lines + outlook.notes.map { "note         \($0)" }
    }

    /// The tokens of a stage: its artifact's count where there is one and the outlook has only an estimate.
    private static func tokens(_ stage: PlannedStage) -> (count: Int, areEstimated: Bool)? {
        if stage.outlook.tokensAreEstimated, case .cached(let artifact) = stage.state {
            return (artifact.record.cost.tokens, false)
        }
        return stage.outlook.tokens.map { ($0, stage.outlook.tokensAreEstimated) }
    }

    private static func time(_ stage: PlannedStage, _ rates: RateBook) -> Double? {
        guard let operations = stage.outlook.floatingPointOperations, operations > 0, let rate = rates.rate(for: stage)
        else { return nil }
        var share = 1.0
        if case .resume(let step, let steps, _) = stage.state { share = 1 - Double(step) / Double(max(steps, 1)) }
        return share * operations / rate.operationsPerSecond
    }

    private static func scientific(_ value: Double) -> String {
        var mantissa = value
        var exponent = 0
        while mantissa >= 10 { mantissa /= 10; exponent += 1 }
        return "\(Rendering.fixed(mantissa, 2))e\(exponent)"
    }

    /// The plan for programs.
    static func json(_ plan: PipelinePlan, _ rates: RateBook) -> String {
        struct Entry: Encodable {
            var id: StageID
            var kind: StageKind
            var state: String
            var why: String?
            var fingerprint: Fingerprint?
            var path: String?
            var resumesAt: Int?
            var steps: Int?
            var parameters: Int?
            var sourceParameters: Int?
            var tokens: Int?
            var tokensAreEstimated: Bool?
            var floatingPointOperations: Double?
            var memoryBytes: Int?
            var diskBytes: Int?
            var seconds: Double?
            var rateSource: String?
            var missing: [MissingInput]
        }
        let entries = plan.stages.map { stage in
            var entry = Entry(
                id: stage.id, kind: stage.kind, state: "", fingerprint: stage.fingerprint, path: stage.path,
                steps: stage.declaration.spec.steps, parameters: stage.outlook.architecture?.parameterCount,
                sourceParameters: stage.outlook.source?.parameterCount, tokens: tokens(stage)?.count,
                tokensAreEstimated: tokens(stage).map(\.areEstimated),
                floatingPointOperations: stage.outlook.floatingPointOperations, memoryBytes: stage.outlook.memoryBytes,
                diskBytes: stage.outlook.diskBytes, seconds: time(stage, rates),
                rateSource: rates.rate(for: stage)?.source,
                missing: [])
            switch stage.state {
            case .cached: entry.state = "cached"
            case .resume(let step, _, let why): (entry.state, entry.resumesAt, entry.why) = ("resume", step, why)
            case .run(let why): (entry.state, entry.why) = ("run", why)
            case .blocked(let inputs): (entry.state, entry.missing) = ("blocked", inputs)
            case .waiting(let id): (entry.state, entry.why) = ("waiting", "stage \(id) is blocked")
            }
            return entry
        }
        return String(decoding: CanonicalJSON.readable(entries), as: UTF8.self)
    }
}

extension PlannedStage {
    var isCached: Bool { if case .cached = state { true } else { false } }
}
