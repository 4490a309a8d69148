internal import FoundationEssentials

extension GGUFImport {
    /// The tokenizer in the file's metadata, as Hugging Face keeps it: byte-level BPE becomes `tokenizer.json`, SentencePiece becomes
    /// `tokenizer.model` and the equal `tokenizer.json`; `tokenizer_config.json` and `special_tokens_map.json` beside.
    /// - Throws: `TransformerError.unsupported` for other tokenizers, `.gguf` when metadata is missing.
    public func tokenizer() throws(TransformerError) -> TokenizerFiles {
        let tokens = try file.strings("tokenizer.ggml.tokens")
        let types = try file.numbers("tokenizer.ggml.token_type").map { Int($0) }
        guard tokens.count == types.count, tokens.count <= architecture.vocabularySize else {
            throw file.lacks(
                "tokenizer.ggml.tokens", "a list of up to \(architecture.vocabularySize) texts with as many types")
        }
        for id in [special.beginOfText, special.padding].compactMap({ $0 }) + special.endOfText where !tokens.indices.contains(id) {
            throw file.lacks("tokenizer.ggml.bos_token_id, eos_token_id, padding_token_id", "an id below \(tokens.count)")
        }
        let vocabulary = GGUFVocabulary(file: file, tokens: tokens, types: types, special: special)
        switch file.metadata["tokenizer.ggml.model"]?.string ?? "no tokenizer" {
        case "gpt2": return try vocabulary.bytePair(positions: architecture.maximumPositions)
        case "llama": return try vocabulary.sentencePiece(positions: architecture.maximumPositions)
        case let other:
            throw .unsupported(
                path: file.path, found: "the tokenizer \(other)", supported: "gpt2 (byte-level BPE) and llama (SentencePiece)")
        }
    }
}

/// The kinds of pieces, as llama.cpp and SentencePiece number them.
private enum PieceType {
    static let normal = 1
    static let control = 3
    static let userDefined = 4
}

/// A vocabulary out of GGUF metadata.
struct GGUFVocabulary {
    let file: GGUFFile
    let tokens: [String]
    let types: [Int]
    let special: SpecialTokens

    // MARK: Byte-level BPE

    func bytePair(positions: Int) throws(TransformerError) -> TokenizerFiles {
        let merges = try file.strings("tokenizer.ggml.merges")
        let added = tokens.indices.filter { types[$0] == PieceType.control || types[$0] == PieceType.userDefined }
        let json = JSONValue.object([
            .init("version", .string("1.0")), .init("truncation", .null), .init("padding", .null),
            .init("added_tokens", .array(added.map { addedToken($0) })),
            .init("normalizer", .null), .init("pre_tokenizer", try preTokenizer()), .init("post_processor", .null),
            .init("decoder", byteLevel(usesPattern: true, prefixSpace: true)),
            .init(
                "model",
                .object([
                    .init("type", .string("BPE")), .init("dropout", .null), .init("unk_token", .null),
                    .init("continuing_subword_prefix", .null), .init("end_of_word_suffix", .null),
                    .init("fuse_unk", .bool(false)), .init("byte_fallback", .bool(false)),
                    .init("ignore_merges", .bool(Self.llama3Names.contains(preTokenizerName))),
                    .init("vocab", vocabularyObject),
                    .init(
                        "merges",
                        .array(
                            merges.map { merge in
                                .array(merge.split(separator: " ", maxSplits: 1).map { .string(String($0)) })
                            })),
                ])),
        ])
        return files(json, tokenizerClass: "PreTrainedTokenizerFast", positions: positions, further: [
            .init("add_prefix_space", .bool(false))
        ])
    }

    private static let llama3Names: Set<String> = ["llama3", "llama-v3", "llama-bpe"]
    private var preTokenizerName: String { file.metadata["tokenizer.ggml.pre"]?.string ?? "default" }

    private func preTokenizer() throws(TransformerError) -> JSONValue {
        switch preTokenizerName {
        case "smollm":
            return sequence([
                .object([.init("type", .string("Digits")), .init("individual_digits", .bool(true))]),
                byteLevel(usesPattern: true, prefixSpace: false),
            ])
        case "gpt-2":
            return byteLevel(usesPattern: true, prefixSpace: false)
        case let name where Self.llama3Names.contains(name):
            let pattern =
                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
            return sequence([
                .object([
                    .init("type", .string("Split")), .init("pattern", .object([.init("Regex", .string(pattern))])),
                    .init("behavior", .string("Isolated")), .init("invert", .bool(false)),
                ]),
                byteLevel(usesPattern: false, prefixSpace: false),
            ])
        default:
            throw .unsupported(
                path: file.path, found: "the pre-tokenizer \(preTokenizerName) (tokenizer.ggml.pre)",
                supported: "smollm, llama-bpe and gpt-2; import the Hugging Face folder instead")
        }
    }

    private func sequence(_ parts: [JSONValue]) -> JSONValue {
        .object([.init("type", .string("Sequence")), .init("pretokenizers", .array(parts))])
    }

    private func byteLevel(usesPattern: Bool, prefixSpace: Bool) -> JSONValue {
        .object([
            .init("type", .string("ByteLevel")), .init("add_prefix_space", .bool(prefixSpace)),
            .init("trim_offsets", .bool(true)), .init("use_regex", .bool(usesPattern)),
        ])
    }

    // MARK: SentencePiece

    func sentencePiece(positions: Int) throws(TransformerError) -> TokenizerFiles {
        let scores = try file.numbers("tokenizer.ggml.scores").map { Float($0) }
        guard scores.count == tokens.count else {
            throw file.lacks("tokenizer.ggml.scores", "a list of \(tokens.count) numbers")
        }
        let begin = special.beginOfText ?? 1
        let added = tokens.indices.filter { types[$0] == PieceType.control || types[$0] == 2 }
        let start = JSONValue.object([.init("SpecialToken", .object([.init("id", .string(tokens[begin])), .init("type_id", .integer(0))]))])
        let text = JSONValue.object([.init("Sequence", .object([.init("id", .string("A")), .init("type_id", .integer(0))]))])
        let startOfSecond = JSONValue.object([.init("SpecialToken", .object([.init("id", .string(tokens[begin])), .init("type_id", .integer(1))]))])
        let second = JSONValue.object([.init("Sequence", .object([.init("id", .string("B")), .init("type_id", .integer(1))]))])
        func replace(_ from: String, _ to: String) -> JSONValue {
            .object([
                .init("type", .string("Replace")), .init("pattern", .object([.init("String", .string(from))])),
                .init("content", .string(to)),
            ])
        }
        let json = JSONValue.object([
            .init("version", .string("1.0")), .init("truncation", .null), .init("padding", .null),
            .init("added_tokens", .array(added.map { addedToken($0) })),
            .init(
                "normalizer",
                .object([
                    .init("type", .string("Sequence")),
                    .init(
                        "normalizers",
                        .array([
                            .object([.init("type", .string("Prepend")), .init("prepend", .string("\u{2581}"))]),
                            replace(" ", "\u{2581}"),
                        ])),
                ])),
            .init("pre_tokenizer", .null),
            .init(
                "post_processor",
                .object([
                    .init("type", .string("TemplateProcessing")), .init("single", .array([start, text])),
                    .init("pair", .array([start, text, startOfSecond, second])),
                    .init(
                        "special_tokens",
                        .object([
                            .init(
                                tokens[begin],
                                .object([
                                    .init("id", .string(tokens[begin])), .init("ids", .array([.integer(begin)])),
                                    .init("tokens", .array([.string(tokens[begin])])),
                                ]))
                        ])),
                ])),
            .init(
                "decoder",
                .object([
                    .init("type", .string("Sequence")),
                    .init(
                        "decoders",
                        .array([
                            replace("\u{2581}", " "), .object([.init("type", .string("ByteFallback"))]),
                            .object([.init("type", .string("Fuse"))]),
                            .object([
                                .init("type", .string("Strip")), .init("content", .string(" ")), .init("start", .integer(1)),
                                .init("stop", .integer(0)),
                            ]),
                        ])),
                ])),
            .init(
                "model",
                .object([
                    .init("type", .string("BPE")), .init("dropout", .null), .init("unk_token", .string(tokens[unknown])),
                    .init("continuing_subword_prefix", .null), .init("end_of_word_suffix", .null),
                    .init("fuse_unk", .bool(true)), .init("byte_fallback", .bool(true)), .init("ignore_merges", .bool(false)),
                    .init("vocab", vocabularyObject),
                    .init("merges", .array(merges(scores).map { .array([.string(tokens[$0.0]), .string(tokens[$0.1])]) })),
                ])),
        ])
        let made = files(json, tokenizerClass: "LlamaTokenizer", positions: positions, further: [
            .init("add_bos_token", .bool(true)), .init("add_eos_token", .bool(false)), .init("legacy", .bool(true)),
        ])
        let model = SentencePieceProto.model(tokens: tokens, scores: scores, types: types, unknown: tokens[unknown])
        return TokenizerFiles(files: [("tokenizer.model", .bytes(model))] + made.files)
    }

    private var unknown: Int {
        let stated = file.metadata["tokenizer.ggml.unknown_token_id"]?.integer ?? 0
        return tokens.indices.contains(stated) ? stated : 0
    }

    /// The pairs whose union is a piece, most likely piece first: the merge list that gives SentencePiece's result.
    private func merges(_ scores: [Float]) -> [(Int, Int)] {
        var ids: [[UInt8]: Int] = [:]
        for (id, token) in tokens.enumerated() where ids[Array(token.utf8)] == nil { ids[Array(token.utf8)] = id }
        var found: [(score: Float, piece: Int, left: Int, right: Int)] = []
        for (piece, token) in tokens.enumerated() where types[piece] == PieceType.normal {
            let bytes = Array(token.utf8)
            for cut in bytes.indices.dropFirst() {
                if let left = ids[Array(bytes[..<cut])], let right = ids[Array(bytes[cut...])] {
                    found.append((scores[piece], piece, left, right))
                }
            }
        }
        found.sort { ($1.score, $0.piece, $0.left, $0.right) < ($0.score, $1.piece, $1.left, $1.right) }
        return found.map { ($0.left, $0.right) }
    }

    // MARK: Shared

    private var vocabularyObject: JSONValue {
        .object(tokens.enumerated().map { .init($0.element, .integer($0.offset)) })
    }

    private func addedToken(_ id: Int) -> JSONValue {
        .object([
            .init("id", .integer(id)), .init("content", .string(tokens[id])), .init("single_word", .bool(false)),
            .init("lstrip", .bool(false)), .init("rstrip", .bool(false)), .init("normalized", .bool(false)),
            .init("special", .bool(types[id] != PieceType.userDefined)),
        ])
    }

    private func files(
        _ json: JSONValue, tokenizerClass: String, positions: Int, further: [JSONValue.Member]
    ) -> TokenizerFiles {
        var names: [JSONValue.Member] = []
        func add(_ name: String, _ id: Int?) {
            if let id, tokens.indices.contains(id) { names.append(.init(name, .string(tokens[id]))) }
        }
        add("bos_token", special.beginOfText)
        add("eos_token", special.endOfText.first)
        add("pad_token", special.padding)
        add("unk_token", file.metadata["tokenizer.ggml.unknown_token_id"]?.integer)
        var config = names
        config += [
            .init("tokenizer_class", .string(tokenizerClass)), .init("clean_up_tokenization_spaces", .bool(false)),
            .init("model_max_length", .integer(positions)),
        ]
        config += further
        if let template = file.metadata["tokenizer.chat_template"]?.string {
            config.append(.init("chat_template", .string(template)))
        }
        func bytes(_ value: JSONValue) -> TokenizerFiles.Content { .bytes(Data(value.text.utf8)) }
        return TokenizerFiles(files: [
            ("tokenizer.json", bytes(json)), ("tokenizer_config.json", bytes(.object(config))),
            ("special_tokens_map.json", bytes(.object(names))),
        ])
    }
}

/// Writes a SentencePiece model (a protocol buffer): pieces with scores and types, a BPE trainer with byte fallback, the identity normaliser.
private enum SentencePieceProto {
    static func model(tokens: [String], scores: [Float], types: [Int], unknown: String) -> Data {
        var out: [UInt8] = []
        for index in tokens.indices {
            var piece: [UInt8] = []
            text(1, tokens[index], to: &piece)
            varint(2 << 3 | 5, to: &piece)
            withUnsafeBytes(of: scores[index].bitPattern.littleEndian) { piece += $0 }
            if types[index] != PieceType.normal { number(3, types[index], to: &piece) }
            bytes(1, piece, to: &out)
        }
        var trainer: [UInt8] = []
        // Model type BPE, vocabulary size, byte fallback; ids of unknown, begin, end, padding; their surfaces.
        for (field, value) in [(3, 2), (4, tokens.count), (35, 1), (40, 0), (41, 1), (42, 2), (43, -1)] {
            number(field, value, to: &trainer)
        }
        for (field, value) in [(44, " \u{2047} "), (45, unknown), (46, tokens.count > 1 ? tokens[1] : ""), (47, tokens.count > 2 ? tokens[2] : "")] {
            text(field, value, to: &trainer)
        }
        bytes(2, trainer, to: &out)
        var normaliser: [UInt8] = []
        text(1, "identity", to: &normaliser)
        // Dummy prefix on, extra whitespace kept, whitespace escaped.
        for (field, value) in [(3, 1), (4, 0), (5, 1)] { number(field, value, to: &normaliser) }
        bytes(3, normaliser, to: &out)
        return Data(out)
    }

    private static func varint(_ value: Int, to out: inout [UInt8]) {
        var left = UInt64(bitPattern: Int64(value))
        while left > 0x7F {
            out.append(UInt8(left & 0x7F) | 0x80)
            left >>= 7
        }
        out.append(UInt8(left))
    }
    private static func number(_ field: Int, _ value: Int, to out: inout [UInt8]) {
        varint(field << 3, to: &out)
        varint(value, to: &out)
    }
    private static func bytes(_ field: Int, _ value: [UInt8], to out: inout [UInt8]) {
        varint(field << 3 | 2, to: &out)
        varint(value.count, to: &out)
        out += value
    }
    private static func text(_ field: Int, _ value: String, to out: inout [UInt8]) { bytes(field, Array(value.utf8), to: &out) }
}
