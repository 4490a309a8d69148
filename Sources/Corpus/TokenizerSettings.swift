/// The small members of a Hugging Face `tokenizer.json`: everything but vocabulary and merges.
struct TokenizerSettings: Decodable {
    var addedTokens: [AddedToken]?
    var normalizer: Step?
    var preTokenizer: Step?
    var decoder: Step?
    var model: Model

    enum CodingKeys: String, CodingKey {
        case addedTokens = "added_tokens"
        case preTokenizer = "pre_tokenizer"
        case normalizer, decoder, model
    }

    /// A token that is found in the raw text before anything else.
    struct AddedToken: Decodable {
        var id: Int
        var content: String
        var isSingleWord: Bool?
        var stripsLeft: Bool?
        var stripsRight: Bool?
        var isSpecial: Bool?

        enum CodingKeys: String, CodingKey {
            case isSingleWord = "single_word"
            case stripsLeft = "lstrip"
            case stripsRight = "rstrip"
            case isSpecial = "special"
            case id, content
        }
    }

    struct Model: Decodable {
        var dropout: Double?
        var unknownToken: String?
        var continuingPrefix: String?
        var endOfWordSuffix: String?
        var fusesUnknown: Bool?
        var fallsBackOnBytes: Bool?
        var ignoresMerges: Bool?

        enum CodingKeys: String, CodingKey {
            case dropout
            case unknownToken = "unk_token"
            case continuingPrefix = "continuing_subword_prefix"
            case endOfWordSuffix = "end_of_word_suffix"
            case fusesUnknown = "fuse_unk"
            case fallsBackOnBytes = "byte_fallback"
            case ignoresMerges = "ignore_merges"
        }
    }

    /// One normalizer, pre-tokenizer or decoder; which members it has depends on its type.
    struct Step: Decodable {
        var type: String
        var normalizers: [Step]?
        var preTokenizers: [Step]?
        var pattern: Pattern?
        var behavior: String?
        var invert: Bool?
        var content: String?
        var prepend: String?
        var individualDigits: Bool?
        var addsPrefixSpace: Bool?
        var usesRegex: Bool?
        var replacement: String?
        var prependScheme: String?
        var splits: Bool?

        enum CodingKeys: String, CodingKey {
            case preTokenizers = "pretokenizers"
            case individualDigits = "individual_digits"
            case addsPrefixSpace = "add_prefix_space"
            case usesRegex = "use_regex"
            case prependScheme = "prepend_scheme"
            case splits = "split"
            case replacement
            case type, normalizers, pattern, behavior, invert, content, prepend
        }

        /// The most steps that a tokenizer has; each passes over the whole text.
        static let most = 64

        /// The steps that this one stands for: a sequence's members, or itself.
        var flattened: [Step] {
            type == "Sequence" ? (normalizers ?? preTokenizers ?? []).flatMap(\.flattened) : [self]
        }
    }

    struct Pattern: Decodable {
        var string: String?
        var regex: String?

        enum CodingKeys: String, CodingKey {
            case string = "String"
            case regex = "Regex"
        }
    }
}

/// The tokens that open and close a text, as the files beside a tokenizer name them.
struct TokenRoles: Equatable {
    var beginOfText: String?
    var endOfText: String?
}

/// `tokenizer_config.json` and `special_tokens_map.json`: the members that name the two roles.
struct TokenRolesFile: Decodable {
    var roles: TokenRoles

    private enum CodingKeys: String, CodingKey {
        case begin = "bos_token"
        case end = "eos_token"
    }

    private struct Named: Decodable {
        var content: String
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func name(_ key: CodingKeys) -> String? {
            if let text = try? container.decode(String.self, forKey: key) { return text }
            return (try? container.decode(Named.self, forKey: key))?.content
        }
        roles = TokenRoles(beginOfText: name(.begin), endOfText: name(.end))
    }
}
