internal import ArgumentParser
internal import FoundationEssentials
internal import Pipeline
internal import Training

/// `shear status`: where a pipeline stands, also while it runs.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Says where each stage of a pipeline stands, also while it runs elsewhere.")

    @OptionGroup var place: Place

    func run() throws {
        try Rendering.perform { () throws(PipelineError) in
            let file = try place.load()
            let store = ArtifactStore(root: place.runs + "/" + file.name)
            let plan = try Planner(file: file, store: store, hashLimit: 1 << 31).plan()
            let last = EventReader(path: store.root + "/events.jsonl").lastByStage()
            var rows = [["stage", "kind", "state", "loss", "took", "where"]]
            for stage in plan.stages { rows.append(row(stage, last[stage.id], store)) }
            print(Rendering.table(rows))
            for leftover in store.leftovers(of: plan) {
                print(
                    "left over from another setting: \(leftover.path), \(Rendering.bytes(leftover.bytes)); remove it to free them"
                )
            }
        }
    }

    private func row(_ stage: PlannedStage, _ last: EventReader.Last?, _ store: ArtifactStore) -> [String] {
        var loss = "-"
        var took = "-"
        var state: String
        switch stage.state {
        case .cached(let artifact):
            state = "done"
            took = Rendering.time(artifact.record.cost.wallSeconds)
            if let mean = artifact.record.facts["mean_loss"]?.double { loss = Rendering.fixed(mean, 3) }
        case .resume(let step, let steps, _): state = "stopped at step \(step) of \(steps)"
        case .run: state = "to run"
        case .blocked(let missing): state = "blocked: \(missing.map(\.path).joined(separator: ", ")) missing"
        case .waiting(let id): state = "waiting for \(id)"
        }
        if let fingerprint = stage.fingerprint, let owner = store.worker(on: stage.id, fingerprint) {
            state = "running (process \(owner.processID) on \(owner.host))"
            if let step = last?.step {
                state += ", step \(step.metrics.step) of \(step.steps)"
                loss = Rendering.fixed(step.metrics.loss, 3)
            }
        }
        return [stage.id.name, stage.kind.rawValue, state, loss, took, stage.path ?? "-"]
    }
}
