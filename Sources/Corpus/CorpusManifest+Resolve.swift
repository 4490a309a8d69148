import Glibc

extension CorpusManifest {
    /// The folder that paths are relative to: `root` with environment variables put in, taken from `folder`.
    /// - Throws: `CorpusError.missing` when a variable is not set or the folder is not there.
    public func rootFolder() throws(CorpusError) -> String {
        let expanded = try Self.expand(root)
        let path = expanded.hasPrefix("/") ? expanded : "\(folder)/\(expanded)"
        guard let real = FolderListing.real(path), FolderListing.isFolder(real) else {
            throw .missing(path: path, remedy: "fetch the corpus there, or correct `root` in the manifest '\(name)'")
        }
        return real
    }

    /// The files that the manifest stands for, checked: they exist, lie below the root and have the promised sizes;
    /// no domain is empty. Digests are checked by `ResolvedCorpus.verify`.
    /// - Throws: `CorpusError.emptyDomain`, `.missing`, `.outsideRoot`, `.sizeMismatch`, `.invalidArgument`, `.io`.
    public func resolved() throws(CorpusError) -> ResolvedCorpus {
        var search = ShardSearch(manifest: self, root: try rootFolder())
        for domain in domains {
            let promised = domain.files + files
            let held = try search.files(domain.validation, promised, of: domain.name)
            try search.add(held, .validation, domain: domain.name, promised)
            let trained = try search.files(domain.shards, promised, of: domain.name, besides: held)
            if !domain.shards.isEmpty, trained.isEmpty {
                throw .emptyDomain(domain: domain.name, patterns: domain.shards, root: search.root)
            }
            if !domain.validation.isEmpty, held.isEmpty {
                throw .emptyDomain(domain: domain.name, patterns: domain.validation, root: search.root)
            }
            try search.add(trained, .training, domain: domain.name, promised)
        }
        let everywhere = "(all domains)"
        let held = try search.files(validation, files, of: everywhere)
        try search.add(held, .validation, domain: nil, files)
        let trained = try search.files(shards, files, of: everywhere, besides: held)
        if !shards.isEmpty, trained.isEmpty {
            throw .emptyDomain(domain: everywhere, patterns: shards, root: search.root)
        }
        try search.add(trained, .training, domain: nil, files)
        try search.checkPromises()
        return ResolvedCorpus(manifest: self, root: search.root, shards: search.found)
    }

    /// `text` with `$NAME` and `${NAME}` replaced from the environment, `~/` by the home folder.
    static func expand(_ text: String) throws(CorpusError) -> String {
        var result = ""
        var rest = text[...]
        if rest.hasPrefix("~/") { rest = "${HOME}" + rest.dropFirst() }
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[rest.index(after: dollar)...]
            let isBraced = rest.first == "{"
            if isBraced { rest = rest.dropFirst() }
            let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" }
            rest = rest[name.endIndex...]
            if isBraced {
                guard rest.first == "}" else {
                    throw .invalidArgument(reason: "'\(text)' has a '${' without '}'", remedy: "close it")
                }
                rest = rest.dropFirst()
            }
            guard !name.isEmpty, let value = getenv(String(name)) else {
                throw .missing(
                    path: text,
                    remedy:
                        "set the environment variable \(name.isEmpty ? "after '$'" : String(name)) to the corpus's folder"
                )
            }
            result += String(cString: value)
        }
        return result + rest
    }
}

/// The files of one manifest as they are found.
private struct ShardSearch {
    let manifest: CorpusManifest
    let root: String
    var found: [ResolvedShard] = []
    private var owners: [String: (domain: String?, split: CorpusSplit)] = [:]
    private var listings: [String: [String]] = [:]

    init(manifest: CorpusManifest, root: String) {
        self.manifest = manifest
        self.root = root
    }

    /// The relative paths that patterns stand for, in order of pattern, then path, each once and none of `others`.
    mutating func files(
        _ patterns: [String], _ promised: [CorpusManifest.File], of domain: String, besides others: [String] = []
    ) throws(CorpusError) -> [String] {
        var result: [String] = []
        var seen = Set(others)
        for text in patterns {
            let written = try CorpusManifest.expand(text)
            let pattern = GlobPattern(written)
            if pattern.leavesItsFolder, !manifest.allowOutsideRoot { throw .outsideRoot(path: written, root: root) }
            for path in try paths(pattern, domain) where seen.insert(path).inserted { result.append(path) }
        }
        return result
    }

    private mutating func paths(_ pattern: GlobPattern, _ domain: String) throws(CorpusError) -> [String] {
        if pattern.isLiteral {
            guard FolderListing.size(of: absolute(pattern.text)) != nil else {
                throw .missing(
                    path: absolute(pattern.text),
                    remedy: "domain '\(domain)' lists it: fetch it, or take it out of the manifest")
            }
            return [pattern.text]
        }
        let folders = pattern.literalFolders
        let isAbsolute = pattern.text.hasPrefix("/")
        let start = (isAbsolute ? "/" : "") + folders.joined(separator: "/")
        if listings[start] == nil {
            let base = isAbsolute ? "" : root
            guard FolderListing.isFolder(absolute(start)) else { return [] }
            listings[start] = try FolderListing.files(below: base, from: folders)
        }
        return (listings[start] ?? []).filter(pattern.matches).map { isAbsolute ? "/\($0)" : $0 }
    }

    private func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : path.isEmpty ? root : "\(root)/\(path)"
    }

    mutating func add(
        _ paths: [String], _ split: CorpusSplit, domain: String?, _ promised: [CorpusManifest.File]
    ) throws(CorpusError) {
        let promises = Dictionary(promised.map { ($0.path, $0) }) { first, _ in first }
        for path in paths {
            let absolute = absolute(path)
            guard let bytes = FolderListing.size(of: absolute), let real = FolderListing.real(absolute) else {
                throw .missing(path: absolute, remedy: "fetch it, or take it out of the manifest")
            }
            if !manifest.allowOutsideRoot, real != root, !real.hasPrefix(root == "/" ? "/" : root + "/") {
                throw .outsideRoot(path: absolute, root: root)
            }
            if let owner = owners[real] {
                throw .invalidArgument(
                    reason:
                        "\(absolute) belongs to \(describe(owner.domain, owner.split)) and to \(describe(domain, split))",
                    remedy: "narrow the patterns, or set route_by and common shards when its records name their domains"
                )
            }
            owners[real] = (domain, split)
            let promise = promises[path]
            if let expected = promise?.bytes, expected != bytes {
                throw .sizeMismatch(path: absolute, expected: expected, found: bytes)
            }
            found.append(
                ResolvedShard(
                    path: path, absolutePath: absolute, domain: domain, split: split, bytes: bytes,
                    sha256: promise?.sha256, documents: promise?.documents))
        }
    }

    /// A listed file that no pattern reaches, or that is not there, is a mistake worth stopping for.
    func checkPromises() throws(CorpusError) {
        let reached = Set(found.map(\.path))
        for file in manifest.domains.flatMap(\.files) + manifest.files where !reached.contains(file.path) {
            let path = absolute(file.path)
            if FolderListing.size(of: path) == nil {
                throw .missing(path: path, remedy: "`files` lists it: fetch it, or take it out of the manifest")
            }
            throw .invalidArgument(
                reason: "`files` lists \(file.path), which no pattern of the manifest '\(manifest.name)' matches",
                remedy: "add a pattern for it, or take it out")
        }
    }

    private func describe(_ domain: String?, _ split: CorpusSplit) -> String {
        "\(split.rawValue) of \(domain.map { "domain '\($0)'" } ?? "all domains")"
    }
}
