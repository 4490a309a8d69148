/// Everything that decides a stage's result; its canonical JSON is what a fingerprint hashes.
struct StageKey: Encodable {
    let kind: StageKind
    let revision: Int
    /// Nil where nothing is random, so that a new seed repeats only what depends on it.
    let seed: UInt64?
    let with: RecordValue
    let inputs: [StageRecord.InputRecord]

    /// Inputs count by key and content; the path they came from counts only where `with:` states it.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(1, forKey: .schema)
        try container.encode(kind, forKey: .kind)
        try container.encode(revision, forKey: .revision)
        try container.encode(seed, forKey: .seed)
        try container.encode(with, forKey: .with)
        try container.encode(Dictionary(inputs.map { ($0.key, $0.fingerprint) }) { first, _ in first }, forKey: .inputs)
    }

    enum CodingKeys: String, CodingKey { case schema, kind, revision, seed, with, inputs }

    var fingerprint: Fingerprint { Fingerprint(self) }

    /// What differs from an earlier artifact of the stage, as one clause; nil when nothing does.
    func change(from record: StageRecord) -> String? {
        if record.kind != kind { return "its kind changed from \(record.kind.rawValue)" }
        if let difference = with.firstDifference(from: record.with, at: "with") {
            let old = difference.old.map(\.text) ?? "nothing", new = difference.new.map(\.text) ?? "nothing"
            return "\(difference.path) changed from \(old) to \(new)"
        }
        if let seed, record.seed != seed { return "the seed changed from \(record.seed) to \(seed)" }
        for input in inputs {
            guard let before = record.inputs.first(where: { $0.key == input.key }) else { return "\(input.key) is new" }
            if before.fingerprint != input.fingerprint {
                let what = input.stage.map { "stage \($0)" } ?? input.path ?? input.key
                return "its input \(what) changed"
            }
        }
        if record.revision != revision {
            return "the stage's code changed what it writes (revision \(record.revision) to \(revision))"
        }
        return nil
    }
}
