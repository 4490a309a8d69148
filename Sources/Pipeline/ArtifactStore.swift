internal import FoundationEssentials

/// The artifacts of one pipeline: `runs/<pipeline>/artifacts/<id>-<first 16 digits of the fingerprint>/`.
public struct ArtifactStore: Sendable {
    static let recordName = "stage.json"
    /// `runs/<pipeline>`.
    public let root: String

    public init(root: String) { self.root = root }

    var artifactsPath: String { root + "/artifacts" }

    /// Where the artifact of a stage lies or will lie.
    public func path(of id: StageID, _ fingerprint: Fingerprint) -> String {
        "\(artifactsPath)/\(id)-\(fingerprint.short)"
    }

    /// Where its lock lies.
    func lockPath(of id: StageID, _ fingerprint: Fingerprint) -> String {
        "\(root)/locks/\(id)-\(fingerprint.short).lock"
    }

    /// The process that works on a stage now; nil when none does.
    public func worker(on id: StageID, _ fingerprint: Fingerprint) -> LockOwner? {
        StageLock.liveOwner(at: lockPath(of: id, fingerprint))
    }

    /// Unfinished attempts that no stage of a plan would continue, with their bytes.
    public func leftovers(of plan: PipelinePlan) -> [(path: String, bytes: Int)] {
        let wanted = Set(plan.stages.compactMap { $0.path.map { $0 + ".partial" } })
        return Folder.names(in: artifactsPath).filter { $0.hasSuffix(".partial") }.map { artifactsPath + "/" + $0 }
            .filter { !wanted.contains($0) }.map { ($0, Folder.bytes(below: $0)) }
    }

    /// How closely a hit is checked.
    public enum Check: Sendable {
        /// Every file has its recorded size and modification time; where the time differs, its SHA-256.
        case quick
        /// Every file has its recorded SHA-256.
        case full
    }

    /// What a look-up found.
    public enum Lookup: Sendable {
        case absent
        case found(Artifact)
        /// Present, but not what its record says.
        case damaged(path: String, problem: String)
    }

    /// Looks for the artifact of a stage with exactly this fingerprint.
    public func look(for id: StageID, _ fingerprint: Fingerprint, check: Check) -> Lookup {
        let path = path(of: id, fingerprint)
        guard Folder.exists(path) else { return .absent }
        guard let record = ArtifactStore.record(at: path) else {
            return .damaged(path: path, problem: "stage.json is missing or unreadable")
        }
        guard record.fingerprint == fingerprint else {
            return .damaged(path: path, problem: "stage.json names another fingerprint")
        }
        if let problem = problem(with: record, at: path, check) { return .damaged(path: path, problem: problem) }
        return .found(Artifact(path: path, record: record))
    }

    /// The record in an artifact's folder, or nil.
    public static func record(at path: String) -> StageRecord? {
        guard let bytes = try? Folder.read(path + "/" + ArtifactStore.recordName) else { return nil }
        return try? JSONDecoder().decode(StageRecord.self, from: bytes)
    }

    /// The newest artifact of a stage, whatever its fingerprint: what a change is told against.
    public func newest(of id: StageID) -> Artifact? {
        Folder.names(in: artifactsPath).filter { name in
            name.hasPrefix(id.name + "-") && !name.contains(".") && name.utf8.count == id.name.utf8.count + 17
        }.compactMap { name in
            let path = artifactsPath + "/" + name
            return ArtifactStore.record(at: path).map { Artifact(path: path, record: $0) }
        }.filter { $0.record.id == id }.max { $0.record.finishedAt < $1.record.finishedAt }
    }

    /// The records of all artifacts, in the order of their folders' names.
    public func records() -> [StageRecord] {
        Folder.names(in: artifactsPath).filter { !$0.contains(".") }.compactMap {
            ArtifactStore.record(at: artifactsPath + "/" + $0)
        }
    }

    private func problem(with record: StageRecord, at path: String, _ check: Check) -> String? {
        for file in record.files {
            let place = path + "/" + file.path
            guard let identity = Folder.identity(of: place) else { return "\(file.path) is missing" }
            guard identity.bytes == file.bytes else {
                return "\(file.path) has \(identity.bytes) bytes, not \(file.bytes)"
            }
            // A copied folder has new times: then the content decides.
            if check == .quick, identity.modified == file.modified { continue }
            guard let digest = try? Digests.sha256(of: place) else { return "\(file.path) cannot be read" }
            guard digest == file.sha256 else { return "\(file.path) is not what the stage wrote: its SHA-256 differs" }
        }
        return nil
    }
}
