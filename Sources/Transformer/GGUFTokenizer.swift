internal import FoundationEssentials

extension GGUFImport {
    /// The tokenizer in the file's metadata, as Hugging Face keeps it: byte-level BPE becomes `tokenizer.json`,
    /// SentencePiece becomes `tokenizer.model` and the equal `tokenizer.json`; `tokenizer_config.json` and
    /// `special_tokens_map.json` beside.
    /// - Throws: `TransformerError.unsupported` for other tokenizers, `.gguf` when metadata is missing.
    public func tokenizer() throws(TransformerError) -> TokenizerFiles {
        let tokens = try file.strings("tokenizer.ggml.tokens")
        let types = try file.numbers("tokenizer.ggml.token_type").compactMap { Int(exactly: $0) }
        guard tokens.count == types.count, tokens.count <= architecture.vocabularySize else {
            throw file.lacks(
                "tokenizer.ggml.tokens", "a list of up to \(architecture.vocabularySize) texts with as many whole types"
            )
        }
        for id in [special.beginOfText, special.padding].compactMap({ $0 }) + special.endOfText
        where !tokens.indices.contains(id) {
            throw file.lacks(
                "tokenizer.ggml.bos_token_id, eos_token_id, padding_token_id", "an id below \(tokens.count)")
        }
        let vocabulary = GGUFVocabulary(file: file, tokens: tokens, types: types, special: special)
        switch file.metadata["tokenizer.ggml.model"]?.string ?? "no tokenizer" {
        case "gpt2": return try vocabulary.bytePair(positions: architecture.maximumPositions)
        case "llama": return try vocabulary.sentencePiece(positions: architecture.maximumPositions)
        case let other:
            throw .unsupported(
                path: file.path, found: "the tokenizer \(other)",
                supported: "gpt2 (byte-level BPE) and llama (SentencePiece)")
        }
    }
}

/// A vocabulary out of GGUF metadata.
struct GGUFVocabulary {
    /// The kinds of pieces, as llama.cpp and SentencePiece number them.
    enum PieceType {
        static let normal = 1
        static let unknown = 2
        static let control = 3
        static let userDefined = 4
    }

    let file: GGUFFile
    let tokens: [String]
    let types: [Int]
    let special: SpecialTokens

    // MARK: Byte-level BPE

    func bytePair(positions: Int) throws(TransformerError) -> TokenizerFiles {
        let merges = try file.strings("tokenizer.ggml.merges")
        let added = tokens.indices.filter { types[$0] == PieceType.control || types[$0] == PieceType.userDefined }
        let json: JSONValue = [
            "version": "1.0", "truncation": .null, "padding": .null,
            "added_tokens": .array(added.map { addedToken($0) }),
            "normalizer": .null, "pre_tokenizer": try preTokenizer(), "post_processor": .null,
            "decoder": byteLevel(usesPattern: true, prefixSpace: true),
            "model": [
                "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
                "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false,
                "ignore_merges": .bool(Self.llama3Names.contains(preTokenizerName)), "vocab": vocabularyObject,
                "merges": .array(
                    merges.map { .array($0.split(separator: " ", maxSplits: 1).map { .string(String($0)) }) }),
            ],
        ]
        return files(
            json, tokenizerClass: "PreTrainedTokenizerFast", positions: positions,
            further: [.init("add_prefix_space", false)])
    }

    private static let llama3Names: Set<String> = ["llama3", "llama-v3", "llama-bpe"]
    private var preTokenizerName: String { file.metadata["tokenizer.ggml.pre"]?.string ?? "default" }

    private func preTokenizer() throws(TransformerError) -> JSONValue {
        switch preTokenizerName {
        case "smollm":
            return sequence([
                ["type": "Digits", "individual_digits": true], byteLevel(usesPattern: true, prefixSpace: false),
            ])
        case "gpt-2":
            return byteLevel(usesPattern: true, prefixSpace: false)
        case let name where Self.llama3Names.contains(name):
            let pattern =
                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
            return sequence([
                ["type": "Split", "pattern": ["Regex": .string(pattern)], "behavior": "Isolated", "invert": false],
                byteLevel(usesPattern: false, prefixSpace: false),
            ])
        default:
            throw .unsupported(
                path: file.path, found: "the pre-tokenizer \(preTokenizerName) (tokenizer.ggml.pre)",
                supported: "smollm, llama-bpe and gpt-2; import the Hugging Face folder instead")
        }
    }

    private func sequence(_ parts: [JSONValue]) -> JSONValue { ["type": "Sequence", "pretokenizers": .array(parts)] }

    private func byteLevel(usesPattern: Bool, prefixSpace: Bool) -> JSONValue {
        [
            "type": "ByteLevel", "add_prefix_space": .bool(prefixSpace), "trim_offsets": true,
            "use_regex": .bool(usesPattern),
        ]
    }

    // MARK: SentencePiece

    func sentencePiece(positions: Int) throws(TransformerError) -> TokenizerFiles {
        let scores = try file.numbers("tokenizer.ggml.scores").map { Float($0) }
        let begin = special.beginOfText ?? 1
        guard scores.count == tokens.count, tokens.indices.contains(begin) else {
            throw file.lacks("tokenizer.ggml.scores", "a list of \(tokens.count) numbers, one per token")
        }
        // Every cut of a piece is looked up, which takes the square of its length.
        guard tokens.allSatisfy({ $0.utf8.count <= Self.longestPiece }) else {
            throw file.lacks("tokenizer.ggml.tokens", "a list of pieces of up to \(Self.longestPiece) bytes")
        }
        let added = tokens.indices.filter { types[$0] == PieceType.control || types[$0] == PieceType.unknown }
        let name = JSONValue.string(tokens[begin])
        func start(_ text: Int) -> JSONValue { ["SpecialToken": ["id": name, "type_id": .integer(text)]] }
        func whole(_ id: JSONValue, _ text: Int) -> JSONValue { ["Sequence": ["id": id, "type_id": .integer(text)]] }
        func replace(_ from: JSONValue, _ to: JSONValue) -> JSONValue {
            ["type": "Replace", "pattern": ["String": from], "content": to]
        }
        let json: JSONValue = [
            "version": "1.0", "truncation": .null, "padding": .null,
            "added_tokens": .array(added.map { addedToken($0) }),
            "normalizer": [
                "type": "Sequence",
                "normalizers": [["type": "Prepend", "prepend": "\u{2581}"], replace(" ", "\u{2581}")],
            ],
            "pre_tokenizer": .null,
            "post_processor": [
                "type": "TemplateProcessing", "single": [start(0), whole("A", 0)],
                "pair": [start(0), whole("A", 0), start(1), whole("B", 1)],
                "special_tokens": .object([
                    .init(tokens[begin], ["id": name, "ids": [.integer(begin)], "tokens": [name]])
                ]),
            ],
            "decoder": [
                "type": "Sequence",
                "decoders": [
                    replace("\u{2581}", " "), ["type": "ByteFallback"], ["type": "Fuse"],
                    ["type": "Strip", "content": " ", "start": 1, "stop": 0],
                ],
            ],
            "model": [
                "type": "BPE", "dropout": .null, "unk_token": .string(tokens[unknown]),
                "continuing_subword_prefix": .null, "end_of_word_suffix": .null, "fuse_unk": true,
                "byte_fallback": true, "ignore_merges": false,
                "vocab": vocabularyObject,
                "merges": .array(merges(scores).map { [.string(tokens[$0.0]), .string(tokens[$0.1])] }),
            ],
        ]
        let made = files(
            json, tokenizerClass: "LlamaTokenizer", positions: positions,
            further: [.init("add_bos_token", true), .init("add_eos_token", false), .init("legacy", true)])
        let model = SentencePieceProto.model(tokens: tokens, scores: scores, types: types, unknown: tokens[unknown])
        return TokenizerFiles(files: [("tokenizer.model", .bytes(model))] + made.files)
    }

    /// Bytes of the longest piece of a SentencePiece vocabulary; real ones have some dozens.
    private static let longestPiece = 2048

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
        [
            "id": .integer(id), "content": .string(tokens[id]), "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": .bool(types[id] != PieceType.userDefined),
        ]
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
