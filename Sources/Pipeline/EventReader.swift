internal import FoundationEssentials
public import Training

/// Reads `events.jsonl`, also while a run appends to it.
public struct EventReader {
    private let path: String

    public init(path: String) { self.path = path }

    /// What the newest events say about a stage.
    public struct Last: Sendable {
        /// The newest optimizer step.
        public var step: (steps: Int, metrics: StepMetrics)?
        /// Why it failed last; nil once it was started again.
        public var failure: String?
    }

    /// Every event in order; a line that is cut off (the writer is at it) or foreign is left out.
    public func events() -> [TimedEvent] {
        guard let bytes = try? Data(contentsOf: URL(filePath: path)) else { return [] }
        return bytes.split(separator: UInt8(ascii: "\n")).compactMap {
            try? CanonicalJSON.value(TimedEvent.self, from: Data($0))
        }
    }

    /// The newest word on each stage.
    public func lastByStage() -> [StageID: Last] {
        var last: [StageID: Last] = [:]
        for timed in events() {
            switch timed.event {
            case .stageStarted(let id, _, _, _, _, _): last[id] = Last()
            case .step(let id, let steps, _, let metrics): last[id, default: Last()].step = (steps, metrics)
            case .stageFailed(let id, let message): last[id, default: Last()].failure = message
            default: break
            }
        }
        return last
    }
}
