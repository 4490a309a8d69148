public import Evaluation
internal import FoundationEssentials
internal import Glibc
public import Search
public import Training

/// What happens in a run. Console, tests and reports read this one stream; nothing reads log text.
public enum RunEvent: Codable, Sendable, Equatable {
    case runStarted(pipeline: String, file: String, seed: UInt64, stages: [StageID])
    case stageCached(id: StageID, kind: StageKind, fingerprint: Fingerprint)
    case stageStarted(id: StageID, kind: StageKind, fingerprint: Fingerprint, why: String, resumesAt: Int?, steps: Int?)
    /// A sentence about what the stage is doing.
    case note(id: StageID, text: String)
    /// An optimizer step that is due by `log_every`, the first or the last.
    case step(id: StageID, steps: Int, stepTokens: Int, metrics: StepMetrics)
    case checkpoint(id: StageID, step: Int)
    /// A sub-network that a search has measured as one `of` so many, due by `log_every`, the first or the last.
    case candidate(id: StageID, of: Int, objectives: [String], candidate: MeasuredCandidate)
    /// A model was measured on held-out rows.
    case evaluated(id: StageID, model: StageID, scores: [DomainScore])
    case stageFinished(id: StageID, fingerprint: Fingerprint, path: String, cost: StageCost)
    case stageFailed(id: StageID, message: String)
    case runFinished(wallSeconds: Double)
}

/// One line of `events.jsonl`.
public struct TimedEvent: Codable, Sendable, Equatable {
    /// Seconds since 1970.
    public var at: Double
    public var event: RunEvent
}

/// Appends events to `events.jsonl`, one JSON object a line, each in one write.
final class EventLog {
    private let descriptor: Int32
    private let observe: (RunEvent) -> Void

    /// - Parameter observe: called after an event is on disk.
    init(at path: String, observe: @escaping (RunEvent) -> Void) throws(PipelineError) {
        try Folder.make(Folder.parent(of: path))
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Folder.failure("open", path) }
        self.observe = observe
    }

    deinit { close(descriptor) }

    /// A full disk must not stop a run from ending in order, so a lost line is not an error here.
    func post(_ event: RunEvent) {
        let line =
            CanonicalJSON.bytes(of: TimedEvent(at: Date().timeIntervalSince1970, event: event)) + [UInt8(ascii: "\n")]
        _ = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        observe(event)
    }
}
