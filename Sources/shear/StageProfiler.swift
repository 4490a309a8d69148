internal import Pipeline
internal import Torch

/// Takes a profile of each stage that runs and prints it.
final class StageProfiler {
    private static let longest = 24

    /// Follows one event.
    func follow(_ event: RunEvent) {
        do throws(TorchError) {
            switch event {
            case .stageStarted:
                try OperationProfile.begin()
                try OperationProfile.enter("other")
            case .stageFinished(let id, _, _, _): Rendering.say(Self.text(try OperationProfile.end(), of: "\(id)"))
            case .stageFailed: _ = try OperationProfile.end()
            default: break
            }
        } catch {
            Rendering.say("no profile: \(error)")
        }
    }

    /// A table of phases and one of the operations that took longest, each with its share of the whole.
    static func text(_ profile: OperationProfile, of stage: String) -> String {
        let whole = profile.phases.reduce(0) { $0 + $1.total.seconds }
        let cells = { (seconds: Double) in
            [Rendering.fixed(seconds, 3), whole > 0 ? Rendering.fixed(100 * seconds / whole, 1) + " %" : "-"]
        }
        let phases = profile.phases.map { phase in
            let inside = phase.operations.reduce(0) { $0 + $1.seconds }
            return [phase.total.name] + cells(phase.total.seconds) + [Rendering.grouped(phase.total.calls)]
                + [Rendering.fixed(phase.total.seconds - inside, 3)]
        }
        let operations = profile.phases.flatMap { phase in phase.operations.map { (phase.total.name, $0) } }
            .sorted { $0.1.seconds > $1.1.seconds }
        let rest = operations.dropFirst(longest)
        var rows = operations.prefix(longest).map { phase, operation in
            [operation.name, phase] + cells(operation.seconds) + [Rendering.grouped(operation.calls)]
        }
        if !rest.isEmpty {
            let calls = rest.reduce(0) { $0 + $1.1.calls }
            rows.append(
                ["\(rest.count) others", ""] + cells(rest.reduce(0) { $0 + $1.1.seconds }) + [Rendering.grouped(calls)])
        }
        return """
            profile of \(stage): \(Rendering.time(whole)) on the thread that leads; operations without those inside them
            \(Rendering.table([["phase", "seconds", "share", "times", "between operations"]] + phases, indent: "  "))
            \(Rendering.table([["operation", "phase", "seconds", "share", "calls"]] + rows, indent: "  "))
            """
    }
}
