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

    /// The same stage with its artifact in hand.
    func settled(_ artifact: Artifact) -> PlannedStage {
        PlannedStage(
            declaration: declaration, fingerprint: artifact.record.fingerprint, path: artifact.path,
            state: .cached(artifact), outlook: outlook, inputs: inputs, key: key)
    }
}
