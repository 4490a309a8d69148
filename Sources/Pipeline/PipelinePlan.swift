internal import Transformer

/// What a run would do, stage by stage, in the order it would be done.
public struct PipelinePlan: Sendable {
    public let file: PipelineFile
    public let stages: [PlannedStage]

    /// The planned stage of an id.
    public subscript(_ id: StageID) -> PlannedStage? { stages.first { $0.id == id } }

    /// Every outside input that is missing, once, in the order of the stages.
    public var missing: [MissingInput] { missing(of: Set(stages.map(\.id))) }

    /// Every outside input that some stages miss, once, in the order of the stages.
    public func missing(of taken: Set<StageID>) -> [MissingInput] {
        var missing: [MissingInput] = []
        for stage in stages where taken.contains(stage.id) {
            guard case .blocked(let inputs) = stage.state else { continue }
            for input in inputs where !missing.contains(input) { missing.append(input) }
        }
        return missing
    }
}

/// One stage of a plan.
public struct PlannedStage: Sendable {
    public let declaration: StageDeclaration
    /// Nil while an input is missing or not yet made.
    public let fingerprint: Fingerprint?
    /// Where the artifact lies or will lie; nil without a fingerprint.
    public let path: String?
    public let state: State
    public let outlook: StageOutlook
    /// What it reads, with fingerprints; what a record will say.
    let inputs: [StageRecord.InputRecord]
    let key: StageKey

    public var id: StageID { declaration.id }
    public var kind: StageKind { declaration.kind }

    /// What will happen to a stage.
    public enum State: Sendable {
        /// Its artifact is there and checked.
        case cached(Artifact)
        /// An interrupted attempt continues at `step`.
        case resume(step: Int, steps: Int, why: String)
        /// It runs from its start.
        case run(why: String)
        /// Files it reads are missing.
        case blocked([MissingInput])
        /// A stage it rests on is blocked.
        case waiting(on: StageID)
    }
}

/// Looks at a pipeline's inputs and artifacts and says what a run would do. Reads no weight.
public struct Planner {
    private let file: PipelineFile
    private let store: ArtifactStore
    private let digests: Digests
    private let check: ArtifactStore.Check
    private let forced: (StageID) -> Bool

    /// - Parameters:
    ///   - store: where artifacts lie.
    ///   - check: how closely a hit is checked.
    ///   - hashLimit: bytes of outside files that may be hashed; a plan stays quick, a run reads everything.
    ///   - forced: stages whose artifact does not count.
    public init(
        file: PipelineFile, store: ArtifactStore, check: ArtifactStore.Check = .quick, hashLimit: Int = .max,
        forced: @escaping (StageID) -> Bool = { _ in false }
    ) {
        self.file = file
        self.store = store
        self.check = check
        self.forced = forced
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
                            keyPath: "\(declaration.id).with.\(problem.keyPath)", reason: problem.reason))
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
        let outside = OutsideInputs(digests: digests, obtain: declaration.runtime.obtain)
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
            runtime: declaration.runtime, seed: spec.seed ?? file.seed)
        var outlook = spec.outlook(context)
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

/// What an unfinished attempt has left.
struct PartialStage {
    let path: String

    init(finalPath: String) { path = finalPath + ".partial" }

    /// The step of the newest complete checkpoint, or the candidates in a search's journal; nil when there is none.
    var lastStep: Int? { checkpointStep ?? journalRows }

    private var checkpointStep: Int? {
        Folder.names(in: path + "/checkpoints").compactMap { name in
            guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)),
                Folder.exists("\(path)/checkpoints/\(name)/COMPLETE")
            else { return nil }
            return step
        }.max()
    }

    /// Whole rows below the heading.
    private var journalRows: Int? {
        guard let bytes = try? Folder.read(path + "/" + SearchSpec.journalName) else { return nil }
        let rows = bytes.count { $0 == UInt8(ascii: "\n") } - 1
        return rows > 0 ? rows : nil
    }
}
