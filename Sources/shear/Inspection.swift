internal import Corpus
internal import FoundationEssentials
internal import Pipeline
internal import Shearing
internal import Torch
internal import Transformer

/// What a path holds, in words.
struct Inspection {
    let path: String

    /// Everything worth knowing about the path.
    func text(
        row: (domain: String, index: Int)?, validation: Bool, tokenizer: String?
    ) throws(PipelineError) -> String {
        guard exists("") else {
            throw .missingInput(MissingInput(path: path, role: "file or folder", remedy: "name one that exists"))
        }
        if path.hasSuffix(".yaml") || path.hasSuffix(".yml") { return try manifest() }
        if path.hasSuffix(".gguf") { return try model(path) }
        if path.hasSuffix(".safetensors") { return try safetensors() }
        let corpus = exists("/corpus/index.json") ? path + "/corpus" : path
        if let row { return try packedRow(corpus, row, validation, tokenizer) }
        var parts: [String] = []
        if exists("/stage.json") { parts.append(try artifact()) }
        if exists("/convergence.json") { parts.append(try convergence()) }
        if exists("/trainer.json") { parts.append(try checkpoint()) }
        if FileManager.default.fileExists(atPath: corpus + "/data.lock.json") { parts.append(try packed(corpus)) }
        if exists("/masks.safetensors") {
            parts.append(try Inspection(path: path + "/masks.safetensors").safetensors())
        }
        let folder = ChosenModel.folder(path)
        if FileManager.default.fileExists(atPath: folder + "/config.json") { parts.append(try model(folder)) }
        guard !parts.isEmpty else {
            throw .mismatch(
                "\(path) is no manifest, packed corpus, checkpoint, model or artifact",
                remedy: "see shear inspect --help")
        }
        return parts.joined(separator: "\n\n")
    }

    private func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + name) }

    private func lines(_ pairs: [(String, String)]) -> String {
        let width = pairs.map(\.0.count).max() ?? 0
        return pairs.map { $0.0 + String(repeating: " ", count: width + 2 - $0.0.count) + $0.1 }.joined(separator: "\n")
    }

    // MARK: - Kinds

    private func manifest() throws(PipelineError) -> String {
        let manifest = try withCorpus { () throws(CorpusError) in try CorpusManifest.load(path) }
        var text = lines([
            ("corpus", manifest.name), ("licence", manifest.licence ?? "not stated"), ("root", manifest.root),
            ("text field", manifest.textField), ("routed by", manifest.routeBy ?? "-"),
            ("unusable lines", manifest.onBadRecord.rawValue),
        ])
        let resolved = try? manifest.resolved()
        var rows = [["domain", "training files", "bytes", "validation files", "bytes", "licence"]]
        for domain in manifest.domains {
            func count(_ split: CorpusSplit) -> [String] {
                guard let shards = resolved?.shards.filter({ $0.domain == domain.name && $0.split == split }) else {
                    return ["?", "?"]
                }
                return ["\(shards.count)", Rendering.bytes(shards.reduce(0) { $0 + $1.bytes })]
            }
            rows.append([domain.name] + count(.training) + count(.validation) + [domain.licence ?? "-"])
        }
        text += "\n\n" + Rendering.table(rows)
        if resolved == nil {
            do throws(CorpusError) { _ = try manifest.resolved() } catch { text += "\n\nnot usable yet: \(error)" }
        }
        return text
    }

    private func artifact() throws(PipelineError) -> String {
        guard let record = ArtifactStore.record(at: path) else {
            throw .damagedArtifact(path: path + "/stage.json", problem: "it cannot be read")
        }
        var pairs = [
            ("stage", "\(record.id) [\(record.kind.rawValue)]"), ("fingerprint", record.fingerprint.digits),
            ("seed", "\(record.seed)"),
            ("made by", "shear \(record.codeVersion), libtorch \(record.libtorchVersion), \(record.processor)"),
            (
                "took",
                "\(Rendering.time(record.cost.wallSeconds)), \(Rendering.time(record.cost.processorSeconds)) of processors, \(record.cost.attempts == 1 ? "1 attempt" : "\(record.cost.attempts) attempts")"
            ),
            ("peak memory", Rendering.bytes(record.cost.peakMemoryBytes)),
            ("tokens", Rendering.grouped(record.cost.tokens)),
        ]
        if let speed = speed() { pairs.append(("speed", speed)) }
        for ancestor in record.lineage {
            pairs.append(("rests on", "\(ancestor.id) [\(ancestor.kind.rawValue)] \(ancestor.fingerprint)"))
        }
        pairs.append(("with", record.with.text))
        pairs.append(("facts", record.facts.text))
        return lines(pairs)
    }

    /// How fast an artifact's training steps went, from its metrics.
    private func speed() -> String? {
        struct Line: Decodable {
            var tokensPerSecond: Double?
            enum CodingKeys: String, CodingKey { case tokensPerSecond = "perf/tok_s" }
        }
        guard let bytes = try? Data(contentsOf: URL(filePath: path + "/metrics.jsonl")) else { return nil }
        let decoder = JSONDecoder()
        let rates = bytes.split(separator: UInt8(ascii: "\n"))
            .compactMap { try? decoder.decode(Line.self, from: Data($0)).tokensPerSecond }.sorted()
        guard !rates.isEmpty else { return nil }
        let median = (rates[rates.count / 2] + rates[(rates.count - 1) / 2]) / 2
        return
            "\(Rendering.grouped(Int(median.rounded()))) tokens/s, the median of \(rates.count) steps without evaluations"
    }

    private func convergence() throws(PipelineError) -> String {
        let file = path + "/convergence.json"
        guard let bytes = try? Data(contentsOf: URL(filePath: file)) else {
            throw .damagedArtifact(path: file, problem: "it cannot be read")
        }
        if let report = try? CanonicalJSON.value(ConvergenceReport.self, from: bytes) {
            return "masks after \(report.step) steps, constraint \(report.constraint.rawValue)\n\(report.table)"
        }
        guard let report = try? CanonicalJSON.value(CoFiReport.self, from: bytes) else {
            throw .damagedArtifact(path: file, problem: "it is no report of masks")
        }
        return "masks after \(report.step) steps, constraint \(report.constraint.rawValue)\n\(report.table)"
    }

    private func checkpoint() throws(PipelineError) -> String {
        guard let bytes = try? Data(contentsOf: URL(filePath: path + "/trainer.json")),
            let state = try? JSONDecoder().decode(RecordValue.self, from: bytes)
        else { throw .damagedArtifact(path: path + "/trainer.json", problem: "it cannot be read") }
        var pairs = [("checkpoint", exists("/COMPLETE") ? "complete" : "incomplete: COMPLETE is missing")]
        for key in ["step", "tokens", "seconds"] { if let value = state[key] { pairs.append((key, value.text)) } }
        if let weights = state["mixture"]?["weights"], let domains = state["mixture"]?["domains"] {
            pairs.append(("mixture", "\(weights.text) over \(domains.text)"))
        }
        if let objective = state["objective"] { pairs.append(("objective", objective.text)) }
        for name in ["model.safetensors", "optimizer.safetensors", "objective.safetensors"] where exists("/" + name) {
            let file = try withTorch { () throws(TorchError) in try SafetensorsFile(path: path + "/" + name) }
            pairs.append((name, "\(file.names.count) tensors, \(Rendering.bytes(file.fileBytes))"))
        }
        return lines(pairs)
    }

    private func packed(_ folder: String) throws(PipelineError) -> String {
        let corpus = try withCorpus { () throws(CorpusError) in try PackedCorpus(at: folder) }
        let index = corpus.index
        let head = lines([
            ("packing", "\(index.packing.rawValue), documents \(index.borders.rawValue)"),
            ("tokens per row", "\(index.sequenceLength)"), ("vocabulary", Rendering.grouped(index.vocabularySize)),
            ("fingerprint", corpus.fingerprint),
        ])
        var rows = [["domain", "training rows", "tokens", "dropped", "held-out rows", "tokens", "dropped"]]
        for domain in index.domains {
            rows.append([
                domain.name, Rendering.grouped(domain.training.rows), Rendering.grouped(domain.training.tokens),
                Rendering.grouped(domain.training.droppedTokens), Rendering.grouped(domain.validation.rows),
                Rendering.grouped(domain.validation.tokens), Rendering.grouped(domain.validation.droppedTokens),
            ])
        }
        return head + "\n\n" + Rendering.table(rows)
    }

    private func packedRow(
        _ folder: String, _ row: (domain: String, index: Int), _ validation: Bool, _ tokenizer: String?
    ) throws(PipelineError) -> String {
        let corpus = try withCorpus { () throws(CorpusError) in try PackedCorpus(at: folder) }
        guard let domain = corpus.domains.firstIndex(of: row.domain) else {
            throw .mismatch(
                "\(folder) has no domain '\(row.domain)'",
                remedy: "its domains are \(corpus.domains.joined(separator: ", "))")
        }
        let rows = validation ? corpus.validation(domain) : corpus.training(domain)
        guard row.index < rows.count else {
            throw .mismatch(
                "domain '\(row.domain)' has \(rows.count) \(validation ? "held-out" : "training") rows, none of index \(row.index)",
                remedy: "take an index from 0 to \(rows.count - 1)")
        }
        let id = RowID(domain: domain, row: row.index)
        let split: CorpusSplit = validation ? .validation : .training
        let origin = corpus.origin(of: id, in: split)
        let batch = try withCorpus { () throws(CorpusError) in try corpus.batch([id], from: split) }
        var text = lines([
            ("row", "\(row.domain):\(row.index) of \(rows.count) \(split.rawValue) rows"),
            ("begins in", "\(origin.shard), line \(origin.line), token \(origin.tokenOffset) of its document"),
            ("ids", "[" + batch.tokens.map(String.init).joined(separator: ",") + "]"),
        ])
        if let tokenizer {
            let bytes = try withCorpus { () throws(CorpusError) in
                try loadTokenizer(at: ChosenModel.folder(tokenizer)).decode(batch.tokens)
            }
            text += "\n\n" + String(decoding: bytes, as: UTF8.self)
        }
        return text
    }

    private func model(_ folder: String) throws(PipelineError) -> String {
        let description = try withTransformer { () throws(TransformerError) in try ModelFolder.describe(folder) }
        let architecture = description.architecture
        var pairs = [
            ("model", folder), ("parameters", Rendering.grouped(architecture.parameterCount)),
            ("layers", "\(architecture.blocks.count)"), ("hidden size", "\(architecture.hiddenSize)"),
        ]
        if let block = architecture.uniform?.block {
            pairs.append(("heads", "\(block.queryHeads) of \(architecture.headSize), \(block.keyValueHeads) key-value"))
            pairs.append(("intermediate size", "\(block.intermediateSize)"))
        } else {
            for (index, block) in architecture.blocks.enumerated() {
                pairs.append(
                    (
                        "block \(index)",
                        "\(block.queryHeads) heads, \(block.keyValueHeads) key-value, width \(block.intermediateSize)"
                    ))
            }
        }
        pairs.append(
            (
                "vocabulary",
                Rendering.grouped(architecture.vocabularySize) + (architecture.tiedEmbeddings ? ", tied" : "")
            ))
        pairs.append(("rotary base", "\(architecture.ropeTheta)"))
        pairs.append(("tokenizer", description.tokenizer.files.map(\.name).joined(separator: ", ")))
        for (key, value) in description.lineage.sorted(by: { $0.key < $1.key }) {
            pairs.append(("lineage", "\(key): \(value)"))
        }
        return lines(pairs)
    }

    private func safetensors() throws(PipelineError) -> String {
        if let masks = try? MasksFile.read(path) {
            var rows = [
                ["masks (step \(masks.step))", "rows", "kept per row", "of", "least kept value", "kept with a < 0"]
            ]
            for family in masks.masks.families {
                let values = masks.masks.values[family.family] ?? []
                let least = values.filter { $0 > 0 }.min() ?? 0
                let alphas = masks.logAlphas[family.family]
                let below = alphas.map { zip($0, values).count { $0 < 0 && $1 > 0 } }
                rows.append([
                    family.family.rawValue, "\(family.rows)", "\(family.kept)", "\(family.columns)",
                    Rendering.fixed(Double(least), 4), below.map(String.init) ?? "-",
                ])
            }
            return Rendering.table(rows)
        }
        let file = try withTorch { () throws(TorchError) in try SafetensorsFile(path: path) }
        var rows = [["tensor", "type", "shape"]]
        for name in file.names {
            let (dtype, shape) = try withTorch { () throws(TorchError) in
                (try file.dtype(of: name), try file.shape(of: name))
            }
            rows.append([name, dtype.rawValue, "\(shape)"])
        }
        return Rendering.table(rows)
    }
}
