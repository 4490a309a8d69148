internal import Files

/// Reads one shard, tokenises its documents and packs them into a part.
struct ShardPacker: Sendable {
    let corpus: ResolvedCorpus
    let tokenizer: any Tokenizer
    let settings: PackingSettings
    /// The folder of all parts.
    let folder: String
    let heldOut: [String: Double]

    init(corpus: ResolvedCorpus, tokenizer: any Tokenizer, settings: PackingSettings, folder: String) {
        self.corpus = corpus
        self.tokenizer = tokenizer
        self.settings = settings
        self.folder = folder
        heldOut = Dictionary(
            corpus.domains.map { ($0, corpus.heldOutFraction(of: $0)) }, uniquingKeysWith: { first, _ in first })
    }

    /// A document was packed: its tokens and its bytes of text. Returns whether to go on.
    typealias Observer = (_ tokens: Int, _ textBytes: Int) -> Bool

    /// The part of `shard`, from disk where it is complete there; nil when `observe` stopped the work.
    /// - Throws: `.changed` when the shard is not the same file with the same content at the end as at the beginning.
    func pack(_ shard: ResolvedShard, observe: Observer) throws(CorpusError) -> (part: PackedPart, folder: String)? {
        let before = try FileSystem.identity(shard.absolutePath)
        let digest = try FileDigest.sha256(ofFile: shard.absolutePath)
        if let expected = shard.sha256, expected.lowercased() != digest {
            throw .digestMismatch(path: shard.absolutePath, expected: expected, found: digest)
        }
        let folder = "\(self.folder)/\(try key(shard, digest))"
        if let part = PackedPart.load(from: folder, sequenceLength: settings.sequenceLength) { return (part, folder) }
        try FileSystem.makeFolder(folder)
        var part = PackedPart(sha256: digest, bytes: shard.bytes, outputs: [], skippedCount: 0, skipped: [])
        guard try fill(&part, from: shard, in: folder, observe: observe) else { return nil }
        guard try FileSystem.identity(shard.absolutePath) == before else { throw .changed(path: shard.absolutePath) }
        try JSONFile.write(part, to: "\(folder)/part.json", isDurable: false)
        return (part, folder)
    }

    private func key(_ shard: ResolvedShard, _ digest: String) throws(CorpusError) -> String {
        let rules = corpus.rules
        let key = PackedPart.Key(
            path: shard.path, sha256: digest, split: shard.split, domain: shard.domain, domains: corpus.domains,
            heldOut: corpus.domains.map { heldOut[$0] ?? 0 }, records: rules.form, textField: rules.textField,
            routeBy: rules.routeBy,
            onBadRecord: rules.onBadRecord, maxDocumentBytes: rules.maxDocumentBytes,
            tokenizer: tokenizer.fingerprint, vocabularySize: tokenizer.vocabularySize, settings: settings)
        return FileDigest.sha256(try JSONFile.bytes(key))
    }

    private func fill(
        _ part: inout PackedPart, from shard: ResolvedShard, in folder: String, observe: Observer
    ) throws(CorpusError) -> Bool {
        var reader = try ShardReader(shard, of: corpus)
        var outputs: [PackedPartOutput] = []
        var tokens: [TokenID] = []
        while !isFull(outputs, shard), let document = try reader.next() {
            let answerStart = try encode(document, into: &tokens)
            let split: CorpusSplit =
                shard.split == .validation || isHeldOut(document.text, fraction: heldOut[document.domain] ?? 0)
                ? .validation : .training
            let output: PackedPartOutput
            if let known = outputs.first(where: { $0.split == split && $0.domain == document.domain }) {
                output = known
            } else {
                output = try PackedPartOutput(
                    domain: document.domain, split: split, file: "\(outputs.count).bin", folder: folder,
                    settings: settings, vocabularySize: tokenizer.vocabularySize)
                outputs.append(output)
            }
            try output.append(
                tokens, answerStart: answerStart, line: document.line, textBytes: document.text.count)
            guard observe(tokens.count, document.text.count) else { return false }
        }
        for output in outputs { part.outputs.append(try output.finish()) }
        part.skippedCount = reader.skippedCount
        part.skipped = reader.skipped.map {
            BadRecord(path: shard.path, line: $0.line, byteOffset: $0.byteOffset, reason: $0.reason)
        }
        return true
    }

    /// Replaces `tokens` by those of a document; where its answer begins among them, if it has one. Prompt and answer
    /// are tokenised apart, so that the border lies between two tokens.
    private func encode(_ document: Document, into tokens: inout [TokenID]) throws(CorpusError) -> Int? {
        tokens.removeAll(keepingCapacity: true)
        if settings.marksBeginning, let mark = tokenizer.beginOfText { tokens.append(mark) }
        var answerStart: Int?
        do throws(CorpusError) {
            if let start = document.answerStart {
                let (prompt, answer) = (Array(document.text[..<start]), Array(document.text[start...]))
                try tokenizer.encode(prompt.span, into: &tokens)
                answerStart = tokens.count
                try tokenizer.encode(answer.span, into: &tokens)
            } else {
                try tokenizer.encode(document.text.span, into: &tokens)
            }
        } catch .encoding(let reason) {
            throw .encoding(reason: "\(document.shard), line \(document.line): \(reason)")
        }
        if settings.marksEnd, let mark = tokenizer.endOfText { tokens.append(mark) }
        return answerStart
    }

    /// Whether every domain of the shard has all the rows that it may have.
    private func isFull(_ outputs: [PackedPartOutput], _ shard: ResolvedShard) -> Bool {
        guard let limit = settings.rowLimit(shard.split) else { return false }
        let domains = shard.domain.map { [$0] } ?? corpus.domains
        return domains.allSatisfy { domain in
            outputs.contains { $0.split == shard.split && $0.domain == domain && $0.rows >= limit }
        }
    }
}
