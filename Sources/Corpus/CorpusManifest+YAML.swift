import Yams

extension CorpusManifest {
    /// Reads the manifest at `path`, strictly.
    /// - Throws: `CorpusError.yaml` with every problem of the file, `.missing` or `.io`.
    public static func load(_ path: String) throws(CorpusError) -> CorpusManifest {
        var manifest = try decode(StrictYAML(path: path))
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        manifest.folder = path.hasPrefix("/") && folder.isEmpty ? "/" : folder.isEmpty ? "." : folder
        return manifest
    }

    /// Decodes a manifest from YAML text that came from `file`.
    /// - Throws: `CorpusError.yaml` with every problem.
    public static func decode(_ yaml: StrictYAML) throws(CorpusError) -> CorpusManifest {
        let root = yaml.root()
        var manifest = CorpusManifest(name: "", domains: [])
        manifest.schema = root.requiredInt("schema") ?? 1
        if manifest.schema != 1 { root.note("schema", "schema \(manifest.schema) is unknown; this version reads 1") }
        manifest.name = root.requiredString("name") ?? ""
        manifest.licence = root.string("licence")
        manifest.root = root.string("root") ?? "."
        manifest.records = root.choice("records", as: RecordForm.self) ?? .text
        manifest.textField = root.string("text_field") ?? "text"
        if manifest.records == .instructions, root.contains("text_field") {
            root.note(
                "text_field", "has no meaning for records: instructions, which have instruction, input and output")
        }
        manifest.routeBy = root.string("route_by")
        manifest.onBadRecord = root.choice("on_bad_record", as: BadRecordPolicy.self) ?? .stop
        manifest.maxDocumentBytes = root.int("max_document_bytes", in: 1...largestDocumentBytes) ?? 32 << 20
        manifest.allowOutsideRoot = root.bool("allow_outside_root") ?? false
        manifest.validationFraction = root.double("validation_fraction", in: 0...0.5)
        manifest.shards = root.strings("shards") ?? []
        manifest.validation = root.strings("validation") ?? []
        manifest.files = root.mappings("files")?.compactMap(file) ?? []
        let entries = root.requiredMappings("domains") ?? []
        manifest.domains = entries.map(domain)
        manifest.noteContradictions(root, entries)
        root.finish()
        try yaml.check()
        return manifest
    }

    /// A line longer than this is no document on any machine; 1 GiB.
    static let largestDocumentBytes = 1 << 30

    private static func domain(_ entry: YAMLMapping) -> Domain {
        var domain = Domain(name: entry.requiredString("name") ?? "")
        domain.licence = entry.string("licence")
        domain.shards = entry.strings("shards") ?? []
        domain.validation = entry.strings("validation") ?? []
        domain.validationFraction = entry.double("validation_fraction", in: 0...0.5)
        domain.files = entry.mappings("files")?.compactMap(file) ?? []
        entry.finish()
        return domain
    }

    private static func file(_ entry: YAMLMapping) -> File? {
        let path = entry.requiredString("path")
        let bytes = entry.int("bytes", in: 0 ... .max)
        let digest = entry.string("sha256")?.lowercased()
        let documents = entry.int("documents", in: 0 ... .max)
        if let digest, digest.utf8.count != 64 || !digest.allSatisfy(\.isHexDigit) {
            entry.note("sha256", "'\(digest.prefix(70))' is not 64 hexadecimal digits")
        }
        entry.finish()
        return path.map { File(path: $0, bytes: bytes, sha256: digest, documents: documents) }
    }

    private func noteContradictions(_ root: YAMLMapping, _ entries: [YAMLMapping]) {
        if root.contains("domains"), domains.isEmpty { root.note("domains", "no domain is listed") }
        var names: Set<String> = []
        for (domain, entry) in zip(domains, entries) where entry.contains("name") {
            if domain.name.isEmpty || domain.name.contains("/") || domain.name.hasPrefix(".") {
                entry.note("name", "'\(domain.name)' is no name for a folder of packed rows")
            }
            if !names.insert(domain.name).inserted { entry.note("name", "domain '\(domain.name)' stands twice") }
            if !domain.validation.isEmpty, domain.validationFraction != nil {
                entry.note("validation_fraction", "domain '\(domain.name)' has validation files already")
            }
            if !entry.contains("shards"), shards.isEmpty {
                let common = routeBy == nil ? "" : ", and the corpus has no common `shards` either"
                entry.note("shards", "domain '\(domain.name)' has no shards\(common)")
            }
        }
        if routeBy == nil, !shards.isEmpty || !validation.isEmpty {
            root.note(
                shards.isEmpty ? "validation" : "shards",
                "common shards need `route_by`, the field that tells their domains apart")
        }
    }

    /// The manifest as YAML text that `load` reads back to an equal value.
    public func yaml() -> String {
        var text = "schema: \(schema)\nname: \(Self.scalar(name))\n"
        if let licence { text += "licence: \(Self.scalar(licence))\n" }
        text += "root: \(Self.scalar(root))\n"
        text +=
            records == .text ? "text_field: \(Self.scalar(textField))\n" : "records: \(records.rawValue)\n"
        if let routeBy { text += "route_by: \(Self.scalar(routeBy))\n" }
        text += "on_bad_record: \(onBadRecord.rawValue)\nmax_document_bytes: \(maxDocumentBytes)\n"
        if allowOutsideRoot { text += "allow_outside_root: true\n" }
        if let validationFraction { text += "validation_fraction: \(validationFraction)\n" }
        text += Self.list("shards", shards, indent: "") + Self.list("validation", validation, indent: "")
        text += Self.listing(files, indent: "")
        text += domains.isEmpty ? "domains: []\n" : "domains:\n"
        for domain in domains {
            text += "  - name: \(Self.scalar(domain.name))\n"
            if let licence = domain.licence { text += "    licence: \(Self.scalar(licence))\n" }
            text += Self.list("shards", domain.shards, indent: "    ")
            text += Self.list("validation", domain.validation, indent: "    ")
            if let fraction = domain.validationFraction { text += "    validation_fraction: \(fraction)\n" }
            text += Self.listing(domain.files, indent: "    ")
        }
        return text
    }

    private static func list(_ key: String, _ items: [String], indent: String) -> String {
        items.isEmpty ? "" : "\(indent)\(key): [\(items.map(scalar).joined(separator: ", "))]\n"
    }

    private static func listing(_ files: [File], indent: String) -> String {
        guard !files.isEmpty else { return "" }
        var text = "\(indent)files:\n"
        for file in files {
            var members = ["path: \(scalar(file.path))"]
            if let bytes = file.bytes { members.append("bytes: \(bytes)") }
            if let documents = file.documents { members.append("documents: \(documents)") }
            if let digest = file.sha256 { members.append("sha256: \"\(digest)\"") }
            text += "\(indent)  - { \(members.joined(separator: ", ")) }\n"
        }
        return text
    }

    /// A word as it is where YAML reads it as text, in double quotes otherwise.
    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.first?.isLetter == true && !isNull(text)
            && !["true", "false", "yes", "no", "on", "off"].contains(text.lowercased())
            && text.utf8.allSatisfy {
                ($0 | 32 >= 97 && $0 | 32 <= 122) || ($0 >= 48 && $0 <= 57) || [45, 46, 47, 95].contains($0)
            }
        if isPlain { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 32 || (0x7F...0x9F).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                quoted += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
            case "\u{2028}", "\u{2029}", "\u{FEFF}": quoted += "\\u" + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
