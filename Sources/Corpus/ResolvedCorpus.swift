/// The files that a manifest stands for on this machine.
public struct ResolvedCorpus: Sendable, Equatable {
    /// The manifest they come from.
    public var manifest: CorpusManifest
    /// The absolute folder that relative paths start from.
    public var root: String
    /// Every shard once, in the order of the domains and, within a pattern, of the paths.
    public var shards: [ResolvedShard]

    /// The domains' names, in the manifest's order.
    public var domains: [String] { manifest.domains.map(\.name) }

    /// How the lines of these shards become documents.
    public var rules: RecordRules {
        var rules = RecordRules(
            form: manifest.records, textField: manifest.textField, routeBy: manifest.routeBy,
            onBadRecord: manifest.onBadRecord,
            maxDocumentBytes: manifest.maxDocumentBytes)
        if manifest.routeBy != nil { rules.domains = domains }
        return rules
    }

    /// The part of a domain that is held out by document hash: 0 where validation files exist.
    public func heldOutFraction(of domain: String) -> Double {
        guard let entry = manifest.domains.first(where: { $0.name == domain }) else { return 0 }
        let hasFiles = shards.contains { $0.split == .validation && ($0.domain == domain || $0.domain == nil) }
        return hasFiles ? 0 : entry.validationFraction ?? manifest.validationFraction ?? 0
    }
}

/// Whether text is learned from or measured on.
public enum CorpusSplit: String, Codable, Sendable, CaseIterable {
    case training, validation
}

/// One shard of a resolved corpus.
public struct ResolvedShard: Sendable, Equatable, Hashable, Codable {
    /// The path below the root, as the manifest would write it.
    public var path: String
    /// The path to open.
    public var absolutePath: String
    /// The domain of all its documents; nil when every record names its own.
    public var domain: String?
    /// Whether it is trained on.
    public var split: CorpusSplit
    /// Its size in bytes, as found on disk.
    public var bytes: Int
    /// The SHA-256 that the manifest promises.
    public var sha256: String?
    /// The number of documents that the manifest promises.
    public var documents: Int?
}

extension ResolvedCorpus {
    /// Checks the SHA-256 of every file that the manifest gives one for; reads them whole.
    /// - Parameter progress: called before each file with its path.
    /// - Throws: `CorpusError.digestMismatch` for the first that differs, `.missing` or `.io`.
    public func verify(progress: (String) -> Void = { _ in }) throws(CorpusError) {
        for shard in shards where shard.sha256 != nil {
            progress(shard.path)
            try shard.verify()
        }
    }
}

extension ResolvedShard {
    /// Checks the file's SHA-256 against the manifest's, where it has one.
    /// - Throws: `CorpusError.digestMismatch`, `.missing` or `.io`.
    public func verify() throws(CorpusError) {
        guard let sha256 else { return }
        let found = try FileDigest.sha256(ofFile: absolutePath)
        guard found == sha256 else {
            throw .digestMismatch(path: absolutePath, expected: sha256, found: found)
        }
    }
}
