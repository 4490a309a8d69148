internal import Transformer

/// Looks at a pipeline's inputs and artifacts and says what a run would do. Reads no weight.
public struct Planner {
    private let file: PipelineFile
    private let store: ArtifactStore
    private let digests: Digests
    private let check: ArtifactStore.Check
    private let forced: (StageID) -> Bool
    private let ranks: Int

    /// - Parameters:
    ///   - store: where artifacts lie.
    ///   - check: how closely a hit is checked.
    ///   - hashLimit: bytes of outside files that may be hashed; a plan stays quick, a run reads everything.
    ///   - ranks: how many processes will share the stages that train.
    ///   - forced: stages whose artifact does not count.
    public init(
        file: PipelineFile, store: ArtifactStore, check: ArtifactStore.Check = .quick, hashLimit: Int = .max,
        ranks: Int = 1, forced: @escaping (StageID) -> Bool = { _ in false }
    ) {
        self.file = file
        self.store = store
        self.check = check
        self.forced = forced
        self.ranks = ranks
        digests = Digests(cachePath: store.root + "/digests.json", allowance: hashLimit)
    }

    /// The plan of the whole file.
    /// - Throws: `.specification` when a stage cannot work with what it gets (a target larger than its source),
    ///   `.corpus` for a wrong manifest, `.file`.
    public func plan() throws(PipelineError) -> PipelinePlan {
        var planned: [PlannedStage] = []
        var problems: [SpecProblem] = []
        for declaration in file.stages {
            do throws(PipelineError) {
                let stage = try plan(declaration, after: planned)
                for problem in stage.outlook.problems {
                    problems.append(
                        SpecProblem(
                            file: file.path, line: declaration.line(of: problem.keyPath),
                            keyPath: declaration.place(of: problem.keyPath), reason: problem.reason))
                }
                planned.append(stage)
            } catch { throw .stage(declaration.id, error) }
        }
        save()
        guard problems.isEmpty else { throw .specification(problems) }
        return PipelinePlan(file: file, stages: planned)
    }

    /// Keeps the digests that were computed for the next plan.
    func save() { digests.save() }

    /// Plans one stage, given those before it.
    func plan(_ declaration: StageDeclaration, after earlier: [PlannedStage]) throws(PipelineError) -> PlannedStage {
        let spec = declaration.spec
        var inputs: [StageRecord.InputRecord] = []
        var missing: [MissingInput] = []
        var waitsFor: StageID?
        var unread = 0
        for need in spec.needs {
            guard let source = earlier.first(where: { $0.id == need.stage }) else { continue }
            switch source.state {
            case .blocked: waitsFor = waitsFor ?? source.id
            case .waiting(let origin): waitsFor = waitsFor ?? origin
            case .cached, .resume, .run: break
            }
            if let fingerprint = source.fingerprint {
                inputs.append(.init(key: need.key, stage: need.stage, path: nil, fingerprint: fingerprint))
            }
        }
        let outside = OutsideInputs(digests: digests, of: declaration, in: file)
        for input in spec.outsideInputs {
            switch try outside.look(at: input) {
            case .present(let fingerprint):
                inputs.append(.init(key: input.key, stage: nil, path: input.path, fingerprint: fingerprint))
            case .unread(let bytes): unread += bytes
            case .missing(let inputs): missing += inputs
            }
        }
        let seed = spec.usesSeed ? spec.seed ?? file.seed : nil
        let key = StageKey(
            kind: declaration.kind, revision: type(of: spec).revision, seed: seed, with: RecordValue(spec),
            inputs: inputs)
        let complete = missing.isEmpty && unread == 0 && inputs.count == spec.needs.count + spec.outsideInputs.count
        let fingerprint = complete ? key.fingerprint : nil
        let state: PlannedStage.State
        if !missing.isEmpty {
            state = .blocked(missing)
        } else if let waitsFor {
            state = .waiting(on: waitsFor)
        } else if let fingerprint {
            state = self.state(of: declaration, key, fingerprint)
        } else if unread > 0 {
            state = .run(why: "its input of \(unread) bytes has not been hashed yet; the run does it once")
        } else {
            state = .run(why: "what it reads is made in this run")
        }
        var artifacts: [StageID: Artifact] = [:]
        for stage in earlier { if case .cached(let artifact) = stage.state { artifacts[stage.id] = artifact } }
        let context = OutlookContext(
            outlooks: Dictionary(earlier.map { ($0.id, $0.outlook) }) { first, _ in first }, artifacts: artifacts,
            runtime: declaration.runtime, seed: spec.seed ?? file.seed, ranks: ranks)
        var outlook = spec.outlook(context)
        outlook.followed = FollowedRows.all(of: declaration, after: context)
        outlook.notes += FollowedRows.notes(for: spec.heldOut, outlook.followed)
        // A finished model knows the shape that a plan can only count with where it is learned or searched for.
        if case .cached(let artifact) = state, declaration.kind.output == .model,
            let made = try? ModelFolder.architecture(artifact.modelPath)
        {
            outlook.architecture = made
        }
        if !type(of: spec).acceptsQuantized {
            for need in spec.needs {
                guard let scheme = context[need.stage]?.quantization else { continue }
                outlook.problems.append(
                    (
                        need.key,
                        "the model of '\(need.stage)' is \(scheme.rawValue), which only evaluate stages read; "
                            + "name the stage that it was quantised from"
                    ))
            }
        }
        return PlannedStage(
            declaration: declaration, fingerprint: fingerprint,
            path: fingerprint.map { store.path(of: declaration.id, $0) }, state: state, outlook: outlook,
            inputs: inputs, key: key)
    }

    /// Refuses what a stage made when something that it read from outside is no longer what the plan was made for: the
    /// artifact would say another origin than it has.
    /// - Throws: `.mismatch`; `.missingInput` for what is gone.
    func requireUnchanged(_ stage: PlannedStage) throws(PipelineError) {
        let outside = OutsideInputs(digests: digests, of: stage.declaration, in: file)
        for input in stage.declaration.spec.outsideInputs {
            switch try outside.look(at: input) {
            case .present(let fingerprint):
                guard !stage.inputs.contains(where: { $0.key == input.key && $0.fingerprint != fingerprint }) else {
                    throw .mismatch(
                        "the \(input.role.rawValue) \(input.path), or a file it names, changed while the stage read it",
                        remedy: "let nothing write to it and run again: the stage begins anew")
                }
            case .unread: break
            case .missing(let inputs): if let first = inputs.first { throw .missingInput(first) }
            }
        }
    }

    private func state(of declaration: StageDeclaration, _ key: StageKey, _ fingerprint: Fingerprint)
        -> PlannedStage.State
    {
        var why: String?
        if forced(declaration.id) {
            why = "it was asked for (--force)"
        } else {
            switch store.look(for: declaration.id, fingerprint, check: check) {
            case .found(let artifact): return .cached(artifact)
            case .damaged(let path, let problem): why = "its artifact \(path) is damaged: \(problem)"
            case .absent: break
            }
        }
        let reason = why ?? change(declaration.id, key)
        if let steps = declaration.spec.steps, !forced(declaration.id),
            let step = PartialStage(finalPath: store.path(of: declaration.id, fingerprint)).lastStep
        {
            return .resume(step: step, steps: steps, why: "an attempt was interrupted")
        }
        return .run(why: reason)
    }

    private func change(_ id: StageID, _ key: StageKey) -> String {
        guard let newest = store.newest(of: id) else { return "it has no artifact yet" }
        return key.change(from: newest.record) ?? "its artifact is gone"
    }
}
