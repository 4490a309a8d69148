internal import Files

/// Makes a packed folder of the parts of all shards.
struct PackedAssembly {
    let corpus: ResolvedCorpus
    let tokenizer: any Tokenizer
    let settings: PackingSettings
    let parts: [FinishedPart?]

    init(corpus: ResolvedCorpus, tokenizer: any Tokenizer, settings: PackingSettings, parts: [FinishedPart?]) {
        self.corpus = corpus
        self.tokenizer = tokenizer
        self.settings = settings
        guard settings.hasLimits else {
            self.parts = parts
            return
        }
        // Which shards were begun early is a matter of timing: those that the limits make needless do not count.
        var kept: [FinishedPart?] = []
        for (shard, part) in parts.enumerated() {
            let isNeeded = corpus.isNeeded(shard, kept.map { $0?.part }, settings)
            kept.append(isNeeded ? part : nil)
        }
        self.parts = kept
    }

    /// Writes the rows of each domain, the lock and, last, the index.
    func write(into folder: String, shouldStop: () -> Bool) throws(CorpusError) {
        var domains: [PackedIndex.Domain] = []
        for (name, path) in zip(corpus.domains, folderNames) {
            if shouldStop() { throw .stopped(path: folder, finished: parts.count, total: parts.count) }
            try FileSystem.makeFolder("\(folder)/\(path)")
            let training = try write(name, .training, to: "\(path)/train.bin", in: folder)
            guard training.rows > 0 else {
                throw .noRows(
                    domain: name, tokens: training.droppedTokens + training.tokensBeyondLimit,
                    sequenceLength: settings.sequenceLength)
            }
            let validation = try write(name, .validation, to: "\(path)/validation.bin", in: folder)
            domains.append(PackedIndex.Domain(name: name, training: training, validation: validation))
        }
        try JSONFile.write(lock(domains), to: "\(folder)/data.lock.json")
        let index = PackedIndex(
            packing: settings.packing, borders: settings.borders, sequenceLength: settings.sequenceLength,
            vocabularySize: tokenizer.vocabularySize, tokenizer: tokenizer.fingerprint, domains: domains,
            shards: corpus.shards.map(\.path))
        try JSONFile.write(index, to: "\(folder)/index.json")
    }

    /// Whole rows of every shard in order, then rows of what was left of each, up to the limit.
    private func write(
        _ domain: String, _ split: CorpusSplit, to file: String, in folder: String
    ) throws(CorpusError) -> PackedIndex.Rows {
        var rows = PackedIndex.Rows(
            file: file, rows: 0, tokens: 0, droppedTokens: 0, tokensBeyondLimit: 0, documents: 0, textBytes: 0,
            sha256: "")
        let limit = settings.rowLimit(split) ?? .max
        var writer = try PackedShardWriter(
            path: "\(folder)/\(file)", rowLength: settings.sequenceLength, vocabularySize: tokenizer.vocabularySize)
        var packer = SequencePacker(packing: .keepAll, rowLength: settings.sequenceLength)
        var given = 0
        var leftovers: [(shard: Int, rest: PackedPart.Rest)] = []
        for (shard, finished) in parts.enumerated() {
            guard let finished, let output = finished.part.output(domain, split) else { continue }
            given += output.tokens
            rows.droppedTokens += output.droppedTokens
            rows.documents += output.documents
            rows.textBytes += output.textBytes
            leftovers += output.rest.map { (shard, $0) }
            let part = try PackedDataset(path: "\(finished.folder)/\(output.file)")
            try writer.append(0..<min(part.count, limit - writer.rowCount), of: part, shard: shard)
        }
        for (shard, rest) in leftovers {
            let origin = RowOrigin(shard: shard, line: rest.line, tokenOffset: rest.tokenOffset)
            try packer.append(rest.tokens, from: origin) { row throws(CorpusError) in
                if writer.rowCount < limit { try writer.append(row) }
            }
        }
        try packer.finish { row throws(CorpusError) in
            if writer.rowCount < limit { try writer.append(row) }
        }
        let dataset = try writer.commit()
        rows.rows = dataset.count
        rows.tokens = (0..<dataset.count).reduce(0) { $0 + dataset.length(of: $1) }
        rows.tokensBeyondLimit = given - rows.tokens - rows.droppedTokens
        rows.sha256 = dataset.digest()
        return rows
    }

    /// A folder for each domain: its name where that can be one.
    private var folderNames: [String] {
        let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
        var taken: Set<String> = ["parts"]
        return corpus.domains.enumerated().map { number, name in
            let isName = !name.isEmpty && name.allSatisfy(allowed.contains) && !name.hasPrefix(".")
            let candidate = isName && !taken.contains(name) ? name : "domain-\(number)"
            taken.insert(candidate)
            return candidate
        }
    }

    private func lock(_ domains: [PackedIndex.Domain]) -> PackedLock {
        var shards: [PackedLock.Shard] = []
        for (shard, finished) in zip(corpus.shards, parts) {
            guard let part = finished?.part else { continue }
            shards.append(
                PackedLock.Shard(
                    path: shard.path, split: shard.split, domain: shard.domain, bytes: part.bytes, sha256: part.sha256,
                    documents: part.outputs.reduce(0) { $0 + $1.documents },
                    textBytes: part.outputs.reduce(0) { $0 + $1.textBytes },
                    tokens: part.outputs.reduce(0) { $0 + $1.tokens }, skippedCount: part.skippedCount))
        }
        return PackedLock(
            corpus: corpus.manifest.name, tokenizer: tokenizer.fingerprint, settings: settings, shards: shards,
            domains: domains, skippedCount: shards.reduce(0) { $0 + $1.skippedCount },
            skipped: parts.flatMap { $0?.part.skipped ?? [] })
    }
}
