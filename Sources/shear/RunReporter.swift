internal import FoundationEssentials
internal import Pipeline
internal import Search
internal import Supervisor
internal import Training

/// Tells the launcher of this process, if it has one, where its run stands.
final class RunReporter {
    private let reporter: Reporter
    private let store: ArtifactStore
    private var checkpoints = ""

    /// - Parameter root: The folder of this pipeline's runs.
    init?(root: String) {
        guard
            let reporter = Reporter(
                environment: ProcessInfo.processInfo.environment, beat: { StopFlag.process.readCount })
        else { return nil }
        self.reporter = reporter
        store = ArtifactStore(root: root)
    }

    /// Shows one event.
    func show(_ event: RunEvent) {
        switch event {
        case .stageStarted(let id, _, let fingerprint, _, _, _):
            checkpoints = store.path(of: id, fingerprint) + ".partial/checkpoints"
            place("stage \(id)")
        case .step(let id, let steps, _, let metrics): place("stage \(id), step \(metrics.step) of \(steps)")
        case .candidate(let id, let count, _, let candidate):
            place("stage \(id), candidate \(candidate.id + 1) of \(count)")
        case .evaluated(let id, let model, _): place("stage \(id), model \(model) measured")
        case .stageFinished(let id, _, _, _):
            checkpoints = ""
            place("stage \(id), done")
        case .runStarted, .stageCached, .note, .checkpoint, .stageFailed, .runFinished: break
        }
    }

    private func place(_ place: String) { reporter.place(place, checkpoints: checkpoints) }
}
