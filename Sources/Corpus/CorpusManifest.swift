/// What a corpus consists of: its domains, the files of each, how a line becomes a document, and its licence.
///
/// Written as YAML (`load`, `yaml()`); paths and patterns are relative to `root`, which is relative to the manifest.
public struct CorpusManifest: Codable, Sendable, Equatable {
    /// The version of the format; 1.
    public var schema = 1
    /// The corpus's name.
    public var name: String
    /// Its licence, where one holds for the whole.
    public var licence: String?
    /// The folder that paths are relative to, as written: relative to `folder`, with `$NAME` and `${NAME}` taken
    /// from the environment.
    public var root = "."
    /// What a record is: plain text, or an instruction with its answer.
    public var records = RecordForm.text
    /// The field of a record that holds the text.
    public var textField = "text"
    /// A dotted path to the field that names a record's domain, such as `meta.redpajama_set_name`.
    public var routeBy: String?
    /// What to do with an unusable line.
    public var onBadRecord = BadRecordPolicy.stop
    /// The longest line, in bytes, that is read.
    public var maxDocumentBytes = 32 << 20
    /// Whether paths may lead out of `root`.
    public var allowOutsideRoot = false
    /// The part of each domain without validation files that is held out by document hash, 0 to 1.
    public var validationFraction: Double?
    /// Patterns of shards that hold several domains, told apart by `routeBy`.
    public var shards: [String] = []
    /// Patterns of validation shards that hold several domains.
    public var validation: [String] = []
    /// Sizes and digests of the shards that hold several domains.
    public var files: [File] = []
    /// The domains, in the order in which everything later numbers them.
    public var domains: [Domain]
    /// The folder of the file that the manifest was read from; not part of its content.
    public var folder = "."

    /// One kind of text.
    public struct Domain: Codable, Sendable, Equatable {
        /// The domain's name.
        public var name: String
        /// Its licence, where it has one of its own.
        public var licence: String?
        /// Patterns of its training shards (`*`, `?`, `[...]` within a name, `**` over folders).
        public var shards: [String] = []
        /// Patterns of its validation shards; files they match are never trained on.
        public var validation: [String] = []
        /// The part held out by document hash; nil takes the manifest's.
        public var validationFraction: Double?
        /// Sizes and digests of its files.
        public var files: [File] = []

        public init(
            name: String, licence: String? = nil, shards: [String] = [], validation: [String] = [],
            validationFraction: Double? = nil, files: [File] = []
        ) {
            self.name = name
            self.licence = licence
            self.shards = shards
            self.validation = validation
            self.validationFraction = validationFraction
            self.files = files
        }
    }

    /// One file and what makes it recognisable.
    public struct File: Codable, Sendable, Equatable {
        /// The path below `root`.
        public var path: String
        /// Its size in bytes.
        public var bytes: Int?
        /// Its SHA-256, 64 hexadecimal digits.
        public var sha256: String?
        /// The number of its documents.
        public var documents: Int?

        public init(path: String, bytes: Int? = nil, sha256: String? = nil, documents: Int? = nil) {
            self.path = path
            self.bytes = bytes
            self.sha256 = sha256
            self.documents = documents
        }
    }

    public init(name: String, domains: [Domain]) {
        self.name = name
        self.domains = domains
    }

    enum CodingKeys: String, CodingKey {
        case schema, name, licence, root, records, textField, routeBy, onBadRecord, maxDocumentBytes, allowOutsideRoot
        case validationFraction, shards, validation, files, domains
    }
}
