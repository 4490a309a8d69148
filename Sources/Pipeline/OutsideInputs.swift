internal import Corpus

/// Finds what a stage reads from outside and fingerprints its content.
struct OutsideInputs {
    let digests: Digests
    /// The pipeline file and the stage of it that reads them.
    let file: String
    let stage: StageDeclaration

    /// The inputs of one stage of a pipeline file.
    init(digests: Digests, of stage: StageDeclaration, in file: PipelineFile) {
        self.digests = digests
        self.file = file.path
        self.stage = stage
    }

    /// What a look at an outside input gave.
    enum Finding {
        case present(Fingerprint)
        /// There, but too large to hash in a plan.
        case unread(bytes: Int)
        case missing([MissingInput])
    }

    /// Looks at one input.
    /// - Throws: `.corpus` when a manifest is wrong, `.file` when something cannot be read.
    func look(at input: OutsideInput) throws(PipelineError) -> Finding {
        switch input.role {
        case .weights: try weights(input)
        case .tokenizer:
            try files(input, names: OutsideInputs.tokenizerNames, wanted: "a tokenizer.json or tokenizer.model")
        case .manifest: try manifest(input)
        case .task: try files(input, names: [], wanted: "a file of questions, one JSON object a line,")
        }
    }

    private static let tokenizerNames = [
        "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json",
    ]

    /// - Parameter standard: the remedy where the stage's author gives none.
    private func missing(_ input: OutsideInput, _ standard: String) -> Finding {
        // A manifest lies beside the pipeline or is written for a corpus: what fetches the corpus does not bring it.
        let obtained = input.role == .manifest ? nil : obtain(input)
        let remedy = place(of: input.path) ?? obtained ?? standard
        return .missing([MissingInput(path: input.path, role: input.role.rawValue, remedy: remedy)])
    }

    /// How the stage's author says that its inputs are got (`runtime.obtain`); nil where a `--set` names another input than
    /// the author's.
    private func obtain(_ input: OutsideInput) -> String? {
        stage.isOverridden("with." + input.key) && !stage.isOverridden("runtime.obtain") ? nil : stage.runtime.obtain
    }

    /// Where the user would have to stand for a relative path to be there: a folder around the pipeline file.
    private func place(of path: String) -> String? {
        guard !path.hasPrefix("/") else { return nil }
        var folder = Folder.absolute(file)
        while folder.hasPrefix("/"), folder != "/" {
            folder = Folder.parent(of: folder)
            if Folder.exists(folder + "/" + path) {
                return "paths count from the folder where the command runs: run it in \(folder), which has it"
            }
        }
        return nil
    }

    private func weights(_ input: OutsideInput) throws(PipelineError) -> Finding {
        let remedy = "put a Hugging Face folder or a .gguf file there, or change with.\(input.key)"
        guard Folder.exists(input.path) else { return missing(input, remedy) }
        guard Folder.isDirectory(input.path) else { return try digest([("", input.path)]) }
        let names = Folder.names(in: input.path).filter { name in
            name.hasSuffix(".safetensors") || name.hasSuffix(".safetensors.index.json") || name == "config.json"
                || name == "generation_config.json" || OutsideInputs.tokenizerNames.contains(name)
        }
        guard names.contains("config.json") else {
            return missing(OutsideInput(key: input.key, path: input.path + "/config.json", role: .weights), remedy)
        }
        guard names.contains(where: { $0.hasSuffix(".safetensors") }) else {
            return missing(OutsideInput(key: input.key, path: input.path + "/*.safetensors", role: .weights), remedy)
        }
        return try digest(names.map { ($0, input.path + "/" + $0) })
    }

    private func files(_ input: OutsideInput, names: [String], wanted: String) throws(PipelineError) -> Finding {
        let remedy = "put \(wanted) there, or change with.\(input.key)"
        guard Folder.exists(input.path) else { return missing(input, remedy) }
        guard Folder.isDirectory(input.path) else { return try digest([("", input.path)]) }
        let found = names.filter { Folder.exists(input.path + "/" + $0) }
        return found.isEmpty ? missing(input, remedy) : try digest(found.map { ($0, input.path + "/" + $0) })
    }

    private func manifest(_ input: OutsideInput) throws(PipelineError) -> Finding {
        guard Folder.exists(input.path) else {
            return missing(input, "write it with `shear manifest`, or change with.\(input.key)")
        }
        let manifest = try withCorpus { () throws(CorpusError) in try CorpusManifest.load(input.path) }
        let corpus: ResolvedCorpus
        do throws(CorpusError) { corpus = try manifest.resolved() } catch {
            switch error {
            case .missing(let path, let remedy):
                return .missing([MissingInput(path: path, role: "corpus file", remedy: obtain(input) ?? remedy)])
            case .emptyDomain(let domain, let patterns, let root):
                let role = "files of domain '\(domain)'"
                return .missing([
                    MissingInput(
                        path: root + "/" + patterns.joined(separator: ", "), role: role,
                        remedy: obtain(input) ?? "fetch the corpus, or correct the patterns in \(input.path)")
                ])
            default: throw .corpus(error)
            }
        }
        var parts = [("", Fingerprint(manifest).digits)]
        var unread = 0
        for shard in corpus.shards {
            if let promised = shard.sha256 {
                parts.append((shard.path, promised))
            } else if let digest = try digests.sha256(of: shard.absolutePath) {
                parts.append((shard.path, digest))
            } else {
                unread += shard.bytes
            }
        }
        return unread > 0 ? .unread(bytes: unread) : .present(OutsideInputs.combine(parts))
    }

    private func digest(_ files: [(name: String, path: String)]) throws(PipelineError) -> Finding {
        var parts: [(String, String)] = []
        var unread = 0
        for file in files {
            if let digest = try digests.sha256(of: file.path) {
                parts.append((file.name, digest))
            } else {
                unread += Folder.identity(of: file.path)?.bytes ?? 0
            }
        }
        return unread > 0 ? .unread(bytes: unread) : .present(OutsideInputs.combine(parts))
    }

    private static func combine(_ parts: [(String, String)]) -> Fingerprint {
        Fingerprint(parts.map { [$0.0, $0.1] })
    }
}
