internal import FoundationEssentials
public import Torch
public import Training

/// One execution of a pipeline file.
public struct PipelineRun {
    private let file: PipelineFile
    private let store: ArtifactStore
    private let options: RunOptions
    private let stop: StopFlag
    private let log: EventLog
    private let group: ProcessGroup?

    /// - Parameters:
    ///   - runs: the folder of all runs; this one's is `<runs>/<pipeline name>`.
    ///   - stop: set by a signal; the running stage then checkpoints and the run ends with `.interrupted`.
    ///   - group: the ranks of this run, of which this is the first; the others run a `PipelineFollower`.
    ///   - observe: receives every event after it is in `events.jsonl`.
    /// - Throws: `.file` when the run folder cannot be made.
    public init(
        file: PipelineFile, runs: String, options: RunOptions = RunOptions(), stop: StopFlag,
        group: ProcessGroup? = nil, observe: @escaping (RunEvent) -> Void = { _ in }
    ) throws(PipelineError) {
        self.file = file
        self.options = options
        self.stop = stop
        self.group = group
        store = ArtifactStore(root: runs + "/" + file.name)
        log = try EventLog(at: store.root + "/events.jsonl", observe: observe)
    }

    /// Runs what is not cached, in order.
    /// - Returns: the artifact of every stage that was run or found.
    /// - Throws: `.stage` with the first failure; everything finished before it is kept.
    public func run() throws(PipelineError) -> [Artifact] {
        do throws(PipelineError) {
            let artifacts = try runStages()
            if let group {
                try group.announce(.end)
                try withTorch { () throws(TorchError) in try group.close() }
            }
            return artifacts
        } catch {
            group?.leave(after: error)
            throw error
        }
    }

    private func runStages() throws(PipelineError) -> [Artifact] {
        let start = ContinuousClock.now
        let taken = try options.stages(of: file)
        log.post(
            .runStarted(pipeline: file.name, file: file.path, seed: file.seed, stages: file.stages.map(\.id)))
        let force = options.force
        let planner = Planner(
            file: file, store: store, check: options.verify ? .full : .quick,
            forced: { force && taken.contains($0) })
        try requireInputs(planner, taken)
        var planned: [PlannedStage] = []
        var artifacts: [Artifact] = []
        for declaration in file.stages {
            let artifact: Artifact?
            do throws(PipelineError) {
                let stage = try planner.plan(declaration, after: planned)
                artifact = try settle(stage, planner, taken: taken.contains(declaration.id), artifacts)
                guard let artifact else { planned.append(stage); continue }
                artifacts.append(artifact)
                planned.append(stage.settled(artifact))
            } catch {
                let failure = PipelineError.stage(declaration.id, error)
                log.post(.stageFailed(id: declaration.id, message: failure.description))
                throw failure
            }
        }
        planner.save()
        try PublishedReports.publish(artifacts)
        log.post(.runFinished(wallSeconds: seconds(since: start)))
        return artifacts
    }

    /// All missing outside inputs of the taken stages at once, before anything long starts.
    private func requireInputs(_ planner: Planner, _ taken: Set<StageID>) throws(PipelineError) {
        let missing = try planner.plan().missing(of: taken)
        if missing.count == 1 { throw .missingInput(missing[0]) }
        if !missing.isEmpty { throw .missingInputs(missing) }
    }

    /// Finds or makes the artifact of a stage; nil for a stage that is neither taken nor there.
    private func settle(
        _ stage: PlannedStage, _ planner: Planner, taken: Bool, _ artifacts: [Artifact]
    ) throws(PipelineError) -> Artifact? {
        if case .cached(let artifact) = stage.state {
            log.post(.stageCached(id: stage.id, kind: stage.kind, fingerprint: artifact.record.fingerprint))
            return artifact
        }
        guard taken else { return nil }
        for need in stage.declaration.spec.needs where !artifacts.contains(where: { $0.record.id == need.stage }) {
            throw .mismatch(
                "it reads stage '\(need.stage)', which is not cached and was not asked for",
                remedy: "run without --from and --only, or with --until \(stage.id)")
        }
        for need in stage.declaration.spec.needs {
            guard let source = artifacts.first(where: { $0.record.id == need.stage }) else { continue }
            guard Folder.exists(source.path) else {
                throw .mismatch(
                    "the artifact of stage \(need.stage), \(source.path), was deleted while the run was under way",
                    remedy: "run again: it is made again")
            }
        }
        guard let fingerprint = stage.fingerprint, let path = stage.path else {
            preconditionFailure("stage \(stage.id) runs without a fingerprint")
        }
        return try execute(stage, planner, fingerprint, path, artifacts)
    }

    private func execute(
        _ stage: PlannedStage, _ planner: Planner, _ fingerprint: Fingerprint, _ path: String, _ artifacts: [Artifact]
    ) throws(PipelineError) -> Artifact {
        let declaration = stage.declaration
        let output = try StagedDirectory(final: path, lockPath: store.lockPath(of: stage.id, fingerprint))
        var resumesAt: Int?
        let why: String
        switch stage.state {
        case .resume(let step, _, let reason): (resumesAt, why) = (step, reason)
        case .run(let reason): why = reason
        case .cached, .blocked, .waiting: why = ""
        }
        if resumesAt == nil, options.force { try output.clear() }
        log.post(
            .stageStarted(
                id: stage.id, kind: stage.kind, fingerprint: fingerprint, why: why, resumesAt: resumesAt,
                steps: declaration.spec.steps))
        if let needed = stage.outlook.diskBytes, let free = Folder.availableBytes(at: output.path), needed > free {
            log.post(
                .note(
                    id: stage.id,
                    text: "may need about \(needed >> 20) MiB of disk, \(free >> 20) MiB are free below \(store.root)"))
        }
        let near = Dictionary(artifacts.map { ($0.record.id, $0) }) { first, _ in first }
        let lineage = PipelineRun.lineage(declaration.spec.needs.compactMap { near[$0.stage] })
        let meter = CostMeter(at: output.path)
        let seed = declaration.spec.seed ?? file.seed
        let sharing = declaration.spec.isShared ? group : nil
        let bench = Workbench(
            id: stage.id, kind: stage.kind, fingerprint: fingerprint, pipeline: file.name, seed: seed,
            runtime: declaration.runtime, lineage: lineage, stop: stop, group: sharing, meter: meter,
            artifacts: near,
            post: { [log] event in
                if case .checkpoint = event { meter.save() }
                log.post(event)
            })
        let result: StageResult
        do throws(PipelineError) {
            try PipelineRun.setThreads(declaration.runtime.threads, sharedBy: sharing)
            try sharing?.announce(
                .stage(
                    StageOrder(
                        id: stage.id, fingerprint: fingerprint, seed: seed, with: stage.key.with, folder: output.path,
                        artifacts: artifacts.map(\.path))))
            if let sharing { log.post(.note(id: stage.id, text: "\(sharing.count) ranks work on it")) }
            group?.place("stage \(stage.id)")
            try bench.connectDevices()
            result = try declaration.spec.run(on: bench, into: output)
            try planner.requireUnchanged(stage)
        } catch {
            meter.save()
            // Of a stage that is shared all ranks know by themselves that it was stopped.
            if sharing == nil, let group, case .interrupted(let signal, _, _) = error {
                try? group.announce(.stop(signal: signal))
            }
            throw error
        }
        var cost = meter.total()
        cost.tokens = result.tokens
        cost.floatingPointOperations = result.floatingPointOperations
        try Folder.remove(output.file(CostMeter.fileName))
        let record = StageRecord(
            id: stage.id, kind: stage.kind, fingerprint: fingerprint, revision: stage.key.revision, seed: seed,
            with: stage.key.with, inputs: stage.inputs, lineage: lineage, codeVersion: shearlingVersion,
            libtorchVersion: Engine.version, processor: Engine.cpuCapability, device: declaration.runtime.device,
            finishedAt: Date().timeIntervalSince1970,
            cost: cost, facts: result.facts, origin: result.origin, files: try PipelineRun.files(in: output.path))
        try output.commit(record)
        log.post(.stageFinished(id: stage.id, fingerprint: fingerprint, path: path, cost: cost))
        return Artifact(path: path, record: record)
    }

    /// The processors of a machine are shared by those of its ranks that work.
    static func setThreads(_ count: Int?, sharedBy group: ProcessGroup?) throws(PipelineError) {
        try withTorch { () throws(TorchError) in try Engine.setThreads(threads(count, sharedBy: group)) }
    }

    /// The threads of each of the ranks that work, `count` where it is stated.
    static func threads(_ count: Int?, sharedBy group: ProcessGroup?) -> Int {
        count ?? max(ProcessInfo.processInfo.activeProcessorCount / max(group?.ranks.localCount ?? 1, 1), 1)
    }

    /// What artifacts rest on, themselves first, each once.
    private static func lineage(_ parents: [Artifact]) -> [StageRecord.Ancestor] {
        var chain: [StageRecord.Ancestor] = []
        let own = parents.map { $0.record }.map {
            StageRecord.Ancestor(id: $0.id, kind: $0.kind, fingerprint: $0.fingerprint, origin: $0.origin)
        }
        for ancestor in own + parents.flatMap(\.record.lineage)
        where !chain.contains(where: { $0.id == ancestor.id && $0.fingerprint == ancestor.fingerprint }) {
            chain.append(ancestor)
        }
        return chain
    }

    private static func files(in path: String) throws(PipelineError) -> [StageRecord.ArtifactFile] {
        var files: [StageRecord.ArtifactFile] = []
        for name in Folder.files(below: path) where name != ArtifactStore.recordName {
            guard let identity = Folder.identity(of: path + "/" + name) else { continue }
            files.append(
                .init(
                    path: name, bytes: identity.bytes, modified: identity.modified,
                    sha256: try Digests.sha256(of: path + "/" + name)))
        }
        return files
    }

    private func seconds(since start: ContinuousClock.Instant) -> Double {
        CostMeter.seconds(ContinuousClock.now - start)
    }
}
