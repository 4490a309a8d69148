internal import Corpus
internal import Transformer

// Packed rows between stages.

extension Artifact {
    /// The rows that a `pack` stage has made.
    /// - Throws: `.corpus` when they cannot be opened.
    func packedCorpus() throws(PipelineError) -> PackedCorpus {
        try withCorpus { () throws(CorpusError) in try PackedCorpus(at: file("corpus")) }
    }

    /// Refuses the rows of `corpus`, made by the stage of `packed`, when their ids mean other words to this model.
    /// - Throws: `.mismatch`; `.transformer` or `.corpus` when the model's files cannot be read.
    func requireVocabulary(of corpus: PackedCorpus, _ packed: Artifact) throws(PipelineError) {
        let remedy = "pack the corpus with tokenizer: \(record.id)"
        let architecture = try withTransformer { () throws(TransformerError) in
            try ModelFolder.architecture(modelPath)
        }
        guard corpus.vocabularySize <= architecture.vocabularySize else {
            throw .mismatch(
                "vocabulary mismatch: the rows of \(packed.record.id) use \(corpus.vocabularySize) tokens, the model of \(record.id) knows \(architecture.vocabularySize)",
                remedy: remedy)
        }
        guard !TokenizerFiles(inFolder: modelPath).files.isEmpty else { return }
        let special = packed.record.with["parse_special"] == .bool(true)
        let tokenizer = try withCorpus { () throws(CorpusError) in
            try loadTokenizer(at: modelPath, parseSpecial: special)
        }
        guard tokenizer.fingerprint == corpus.tokenizerFingerprint else {
            throw .mismatch(
                "vocabulary mismatch: the rows of \(packed.record.id) were packed with another tokenizer than the one of \(record.id)",
                remedy: remedy)
        }
    }
}
