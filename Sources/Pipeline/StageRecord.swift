public import Transformer

/// `stage.json`: what an artifact is, where it came from and what it cost. Written last, so an artifact that has one is whole.
public struct StageRecord: Codable, Sendable, Equatable {
    /// Version of this record's own form.
    public static let schema = 1

    public var schema = StageRecord.schema
    public var id: StageID
    public var kind: StageKind
    public var fingerprint: Fingerprint
    /// The stage's revision: raised when its code changes what it writes.
    public var revision: Int
    /// The pipeline's seed.
    public var seed: UInt64
    /// The stage's whole `with:`, defaults filled in.
    public var with: RecordValue
    /// What it read, by the key that names it.
    public var inputs: [InputRecord]
    /// Every stage this artifact rests on, nearest first.
    public var lineage: [Ancestor]
    public var codeVersion: String
    public var libtorchVersion: String
    /// Processor instructions in use (“avx512_bf16”), since results are bit-equal only on like machines.
    public var processor: String
    /// Where its tensors lived: `cpu` or `cuda:N`.
    public var device: String? = nil
    /// Seconds since 1970.
    public var finishedAt: Double
    /// What it took, over all attempts.
    public var cost: StageCost
    /// Facts of the stage: parameter counts, domain losses, dropped tokens.
    public var facts: RecordValue
    /// Of an `import`: where its weights came from.
    public var origin: ModelOrigin?
    /// Every file of the artifact but this one.
    public var files: [ArtifactFile]

    /// Something a stage read.
    public struct InputRecord: Codable, Sendable, Equatable {
        /// Key path below `with:` that names it.
        public var key: String
        /// The stage that made it; nil for a file from outside.
        public var stage: StageID?
        /// The outside path; nil for a stage.
        public var path: String?
        public var fingerprint: Fingerprint
    }

    /// A stage this artifact rests on.
    public struct Ancestor: Codable, Sendable, Equatable {
        public var id: StageID
        public var kind: StageKind
        public var fingerprint: Fingerprint
        /// Where the weights that an `import` read came from.
        public var origin: ModelOrigin?
    }

    /// A file of the artifact, with what a quick check (size, time) and a full check (SHA-256) need.
    public struct ArtifactFile: Codable, Sendable, Equatable {
        /// Path inside the artifact.
        public var path: String
        public var bytes: Int
        /// Modification time, nanoseconds since 1970.
        public var modified: Int
        /// SHA-256, 64 hexadecimal digits.
        public var sha256: String
    }
}

/// What a stage took.
public struct StageCost: Codable, Sendable, Equatable {
    /// Elapsed seconds, all attempts together.
    public var wallSeconds: Double = 0
    /// Processor seconds of all threads, all attempts together.
    public var processorSeconds: Double = 0
    /// Largest resident set of any attempt, bytes.
    public var peakMemoryBytes: Int = 0
    /// Most bytes of CPU tensors of each rank, as `plan` estimates them, where a stage has trained; nil elsewhere.
    public var tensorBytesByRank: [Int]?
    /// Tokens that went through a training or evaluation step, or were packed.
    public var tokens: Int = 0
    /// Floating-point operations by the cost model; 0 where no model ran.
    public var floatingPointOperations: Double = 0
    /// How often the stage was started.
    public var attempts: Int = 0

    public init() {}
}
