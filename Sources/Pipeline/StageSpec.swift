public import Torch
public import Transformer

/// What one kind of stage can be told, and how it runs. `with:` decodes to it and is hashed whole.
public protocol StageSpec: Encodable, Sendable, Equatable {
    /// Raised when the stage's code changes what it writes, so that older artifacts no longer count as cached.
    static var revision: Int { get }
    /// The stages it reads, by the key that names them.
    var needs: [StageNeed] { get }
    /// Everything it reads from outside the pipeline.
    var outsideInputs: [OutsideInput] { get }
    /// What it looks at of held-out data, and for what; nil where chance or training alone decide.
    var heldOut: HeldOutUse? { get }
    /// Whether the models it reads may be quantised.
    static var acceptsQuantized: Bool { get }
    /// All cross-field rules it breaks.
    func problems() -> [KeyProblem]
    /// The seed stated in `with:`, which then stands for the pipeline's.
    var seed: UInt64? { get }
    /// Whether chance plays a part, so that the seed belongs to the fingerprint.
    var usesSeed: Bool { get }
    /// The type it computes in.
    var computeDType: DType { get }
    /// Whether all ranks of a group work on the stage; otherwise rank 0 does alone.
    var isShared: Bool { get }
    /// Optimizer steps, for a stage that can be resumed inside; nil otherwise.
    var steps: Int? { get }
    /// What the stage will make and what that takes, from the outlooks of its inputs.
    func outlook(_ context: OutlookContext) -> StageOutlook
    /// Does the work, writing into `output`; the caller commits. Where the stage is shared all ranks run it, and only the
    /// one that speaks writes.
    /// - Throws: any `PipelineError`; what was written stays for the next attempt.
    func run(on bench: Workbench, into output: borrowing StagedDirectory) throws(PipelineError) -> StageResult
}

extension StageSpec {
    public var outsideInputs: [OutsideInput] { [] }
    public var heldOut: HeldOutUse? { nil }
    public static var acceptsQuantized: Bool { false }
    public var computeDType: DType { .float32 }
    public var steps: Int? { nil }
    public var isShared: Bool { false }
    public var seed: UInt64? { nil }
    public var usesSeed: Bool { false }
}

/// A rule that a stage breaks: key path below `with:`, and the reason as a clause.
public typealias KeyProblem = (keyPath: String, reason: String)

/// One stage read by another.
public struct StageNeed: Sendable, Equatable {
    /// Key path below `with:` that names the stage.
    public let key: String
    public let stage: StageID
    /// What its artifact must be.
    public let kind: ArtifactKind
}

/// A file or folder read from outside the pipeline.
public struct OutsideInput: Sendable, Equatable {
    /// Key path below `with:` that names it.
    public let key: String
    public let path: String
    public let role: Role

    /// What is expected at the path.
    public enum Role: String, Sendable, Equatable {
        /// A Hugging Face folder or a GGUF file.
        case weights
        /// A data manifest, with all the files it lists.
        case manifest = "data manifest"
        /// A tokenizer file or a folder with one.
        case tokenizer
        /// A file of questions.
        case task = "task file"
    }
}

/// What a stage leaves beside its files.
public struct StageResult: Sendable {
    /// Tokens trained, evaluated or packed.
    public var tokens: Int
    public var floatingPointOperations: Double
    /// Facts for `stage.json`, tables and later stages.
    public var facts: RecordValue
    /// Where weights that were read from outside came from.
    public var origin: ModelOrigin?

    public init(
        tokens: Int = 0, floatingPointOperations: Double = 0, facts: RecordValue = .object([:]),
        origin: ModelOrigin? = nil
    ) {
        self.origin = origin
        self.tokens = tokens
        self.floatingPointOperations = floatingPointOperations
        self.facts = facts
    }
}
