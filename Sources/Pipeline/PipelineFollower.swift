internal import FoundationEssentials
internal import Glibc
public import Torch
public import Training

/// The part that ranks beside rank 0 take in a run: the stages that all ranks work on. They plan nothing, write nothing and
/// read what rank 0 wrote, so that all must see its folders.
public struct PipelineFollower {
    private let file: PipelineFile
    private let stop: StopFlag
    private let group: ProcessGroup
    private let observe: (RunEvent) -> Void
    /// How long a folder that rank 0 has made may take to be seen here: file systems of several machines lag.
    private static let patience = Duration.seconds(60)

    /// - Parameters:
    ///   - stop: set by a signal to this process; the stage under way then ends on all ranks.
    ///   - observe: receives what happens on this rank; `events.jsonl` is rank 0's.
    public init(
        file: PipelineFile, stop: StopFlag, group: ProcessGroup, observe: @escaping (RunEvent) -> Void = { _ in }
    ) {
        self.file = file
        self.stop = stop
        self.group = group
        self.observe = observe
    }

    /// Does what rank 0 says, until it says that all is done.
    /// - Throws: `.interrupted` after a checkpoint, `.torch` with `.rankLost` when another rank fails, and what a stage throws.
    public func run() throws(PipelineError) {
        do throws(PipelineError) {
            while true {
                group.place("waiting for rank 0")
                switch try group.nextOrder() {
                case .end:
                    try withTorch { () throws(TorchError) in try group.close() }
                    return
                case .stop(let signal): throw .interrupted(signal: signal, step: 0)
                case .stage(let order):
                    do throws(PipelineError) { try take(order) } catch { throw .stage(order.id, error) }
                }
            }
        } catch {
            group.leave(after: error)
            throw error
        }
    }

    private func take(_ order: StageOrder) throws(PipelineError) {
        guard let declaration = file[order.id], RecordValue(declaration.spec) == order.with else {
            throw .mismatch(
                "rank \(group.rank) reads another \(file.path) than rank 0",
                remedy: "start all ranks with the same file and the same --set")
        }
        var near: [StageID: Artifact] = [:]
        for path in order.artifacts {
            let artifact = try artifact(at: path)
            near[artifact.record.id] = artifact
        }
        group.place("stage \(order.id)")
        observe(
            .stageStarted(
                id: order.id, kind: declaration.kind, fingerprint: order.fingerprint, why: "rank 0 works on it",
                resumesAt: nil, steps: declaration.spec.steps))
        let bench = Workbench(
            id: order.id, kind: declaration.kind, fingerprint: order.fingerprint, pipeline: file.name, seed: order.seed,
            runtime: declaration.runtime, lineage: [], stop: stop, group: group, meter: CostMeter(at: nil),
            artifacts: near, post: observe)
        try PipelineRun.setThreads(declaration.runtime.threads, sharedBy: group)
        try bench.connectDevices()
        let output = StagedDirectory(followed: order.folder)
        _ = try declaration.spec.run(on: bench, into: output)
        observe(
            .stageFinished(
                id: order.id, fingerprint: order.fingerprint, path: order.folder, cost: bench.meter.total()))
    }

    private func artifact(at path: String) throws(PipelineError) -> Artifact {
        let last = ContinuousClock.now + PipelineFollower.patience
        while true {
            if let record = ArtifactStore.record(at: path) { return Artifact(path: path, record: record) }
            guard ContinuousClock.now < last else {
                throw .mismatch(
                    "rank \(group.rank) does not see \(path), which rank 0 has made",
                    remedy: "keep the folder of runs where all machines see it")
            }
            usleep(200_000)
        }
    }
}
