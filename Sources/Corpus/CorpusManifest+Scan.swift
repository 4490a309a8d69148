import Dispatch
import Synchronization

/// What was found in a folder of shards: a manifest for it, and what its shards hold that is unusable.
public struct CorpusScan: Sendable {
    /// The manifest, with `root` "." and `folder` the scanned folder.
    public var manifest: CorpusManifest
    /// Documents per domain, in the manifest's order; training and validation files together.
    public var documentCounts: [Int]
    /// Bytes of text per domain, uncompressed, in the manifest's order.
    public var textBytes: [Int]
    /// The unusable lines (of every shard the first 100).
    public var unusable: [BadRecord]
    /// How many lines are unusable.
    public var unusableCount: Int
}

extension CorpusManifest {
    /// Reads every shard below `folder` and writes a manifest for them: domains by top-level folder (by file name for
    /// shards that lie at the top), or by the field `routeBy`, under their canonical names (`DomainAliases`); sizes,
    /// digests and document counts of all files. Files with `validation` in their path become validation files; where a
    /// domain has none, a hundredth of its documents is held out.
    /// - Throws: `CorpusError.missing`, `.io`, `.truncated`, `.corrupt`, and `.emptyDomain` when there are no shards.
    public static func scan(
        _ folder: String, name: String? = nil, routeBy: String? = nil, textField: String = "text",
        maxDocumentBytes: Int = 32 << 20, progress: @Sendable (String) -> Void = { _ in }
    ) throws(CorpusError) -> CorpusScan {
        guard let root = FolderListing.real(folder), FolderListing.isFolder(root) else {
            throw .missing(path: folder, remedy: "give the folder that holds the corpus's shards")
        }
        let paths = try FolderListing.files(below: root).filter { shardSuffix(of: $0) != nil }
        guard !paths.isEmpty else {
            throw .emptyDomain(domain: "(all domains)", patterns: shardSuffixes.map { "**/*\($0)" }, root: root)
        }
        let rules = RecordRules(
            textField: textField, routeBy: routeBy, onBadRecord: .skip, maxDocumentBytes: maxDocumentBytes)
        let surveys = try survey(paths, below: root, rules, progress)
        let title = name ?? root.split(separator: "/").last.map(String.init) ?? "corpus"
        var manifest = CorpusManifest(name: title, domains: [])
        manifest.textField = textField
        manifest.routeBy = routeBy
        manifest.maxDocumentBytes = maxDocumentBytes
        manifest.folder = root
        var counts: [String: (documents: Int, bytes: Int)] = [:]
        for survey in surveys { counts.merge(survey.domains) { ($0.documents + $1.documents, $0.bytes + $1.bytes) } }
        if routeBy == nil {
            manifest.domains = domains(of: paths, surveys)
        } else {
            manifest.domains = counts.keys.sorted().map { Domain(name: $0) }
            (manifest.shards, manifest.validation) = patterns(for: paths, below: nil)
            manifest.files = surveys.map(\.file)
        }
        if manifest.validation.isEmpty, manifest.domains.contains(where: \.validation.isEmpty) {
            manifest.validationFraction = heldOutFraction
        }
        return CorpusScan(
            manifest: manifest, documentCounts: manifest.domains.map { counts[$0.name]?.documents ?? 0 },
            textBytes: manifest.domains.map { counts[$0.name]?.bytes ?? 0 },
            unusable: surveys.flatMap(\.unusable), unusableCount: surveys.reduce(0) { $0 + $1.unusableCount })
    }

    /// The part of a domain without validation files that a scan proposes to hold out.
    static let heldOutFraction = 0.01

    private static let shardSuffixes = [".jsonl", ".jsonl.zst", ".jsonl.gz", ".json.gz"]

    private static func shardSuffix(of path: String) -> String? { shardSuffixes.first { path.hasSuffix($0) } }

    private static func isValidation(_ path: String) -> Bool { path.lowercased().contains("validation") }

    /// The domain of a shard: its top-level folder, or what its file's name begins with.
    private static func domain(of path: String) -> String {
        let parts = path.split(separator: "/")
        if parts.count > 1 { return DomainAliases.canonical(String(parts[0])) }
        let stem = parts[0].prefix { $0 != "." }
        let words = stem.split { $0 == "_" || $0 == "-" }
        for length in stride(from: words.count, to: 0, by: -1) {
            let canonical = DomainAliases.canonical(words[..<length].joined(separator: "_"))
            if DomainAliases.table.contains(where: { $0.canonical == canonical }) { return canonical }
        }
        return words.first.map(String.init) ?? "text"
    }

    private static func domains(of paths: [String], _ surveys: [Survey]) -> [Domain] {
        var members: [String: [Int]] = [:]
        for (index, path) in paths.enumerated() { members[domain(of: path), default: []].append(index) }
        return members.keys.sorted().map { name in
            let own = members[name, default: []]
            var domain = Domain(name: name)
            // Folders of several spellings may be one domain, and shards at the top part of it.
            let folders = Set(own.compactMap { folder(of: paths[$0]) })
            for folder in folders.sorted() {
                let inside = own.map { paths[$0] }.filter { self.folder(of: $0) == folder }
                let (shards, validation) = patterns(for: inside, below: folder)
                domain.shards += shards
                domain.validation += validation
            }
            let loose = own.map { paths[$0] }.filter { folder(of: $0) == nil }
            domain.shards += loose.filter { !isValidation($0) }.map(escaped)
            domain.validation += loose.filter(isValidation).map(escaped)
            domain.files = own.map { surveys[$0].file }
            return domain
        }
    }

    /// The top-level folder of a path; nil for what lies at the top.
    private static func folder(of path: String) -> String? {
        path.firstIndex(of: "/").map { String(path[..<$0]) }
    }

    /// Patterns that match exactly the shards among `paths`; the second list those of validation files.
    private static func patterns(for paths: [String], below folder: String?) -> ([String], [String]) {
        let start = folder.map { escaped($0) + "/" } ?? ""
        let all = shardSuffixes.filter { suffix in paths.contains { shardSuffix(of: $0) == suffix } }
        let held = paths.filter(isValidation).map(escaped)
        return (all.map { "\(start)**/*\($0)" }, held)
    }

    private static func escaped(_ path: String) -> String {
        var result = ""
        for character in path {
            result += character == "*" || character == "?" || character == "[" ? "[\(character)]" : String(character)
        }
        return result
    }

    /// What one shard holds.
    private struct Survey: Sendable {
        var file: File
        var domains: [String: (documents: Int, bytes: Int)] = [:]
        var unusable: [BadRecord] = []
        var unusableCount = 0
    }

    private static func survey(
        _ paths: [String], below root: String, _ rules: RecordRules, _ progress: @Sendable (String) -> Void
    ) throws(CorpusError) -> [Survey] {
        let results = Mutex<[Int: Result<Survey, CorpusError>]>([:])
        DispatchQueue.concurrentPerform(iterations: paths.count) { index in
            guard results.withLock({ results in !results.values.contains { $0.isFailure } }) else { return }
            progress(paths[index])
            let result = Result { () throws(CorpusError) in try survey(paths[index], below: root, rules) }
            results.withLock { $0[index] = result }
        }
        var surveys: [Survey] = []
        for (_, result) in results.withLock({ $0 }).sorted(by: { $0.key < $1.key }) { surveys.append(try result.get()) }
        return surveys
    }

    private static func survey(_ path: String, below root: String, _ rules: RecordRules) throws(CorpusError) -> Survey {
        let absolute = "\(root)/\(path)"
        let digest = try FileDigest.sha256(ofFile: absolute)
        var survey = Survey(file: File(path: path, bytes: FolderListing.size(of: absolute), sha256: digest))
        var reader = try ShardReader(path: absolute, domain: domain(of: path), rules: rules)
        while let document = try reader.next() {
            let domain = rules.routeBy == nil ? document.domain : DomainAliases.canonical(document.domain)
            let known = survey.domains[domain] ?? (0, 0)
            survey.domains[domain] = (known.documents + 1, known.bytes + document.text.count)
        }
        survey.file.documents = reader.documentCount
        survey.unusable = Array(reader.skipped.prefix(100))
        survey.unusableCount = reader.skippedCount
        return survey
    }
}

extension Result {
    fileprivate var isFailure: Bool {
        if case .failure = self { true } else { false }
    }
}
