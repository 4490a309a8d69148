internal import Files
public import FoundationEssentials

/// The files of a tokenizer that travel with a model, by name: copied from a folder or made from a GGUF file's
/// metadata.
public struct TokenizerFiles: Sendable {
    /// Where the bytes of one file come from.
    public enum Content: Sendable {
        /// A file to copy.
        case file(path: String)
        /// The bytes themselves.
        case bytes(Data)
    }

    /// File names and contents in the order of writing.
    public let files: [(name: String, content: Content)]

    /// The names that are looked for in a model folder.
    public static let names = [
        "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
        "vocab.json", "merges.txt", "chat_template.jinja",
    ]

    /// No files.
    public static let none = TokenizerFiles(files: [])

    init(files: [(name: String, content: Content)]) { self.files = files }

    /// The tokenizer files of a folder; empty when it has none.
    public init(inFolder path: String) {
        files = Self.names.compactMap { name in
            let file = path + "/" + name
            return FileManager.default.fileExists(atPath: file) ? (name, .file(path: file)) : nil
        }
    }

    /// One tokenizer file, under its own name.
    public init(file path: String) {
        files = [(path.split(separator: "/").last.map(String.init) ?? path, .file(path: path))]
    }

    /// Writes all files into an existing folder.
    /// - Throws: `TransformerError.file` naming the file that cannot be read or written.
    public func write(to folder: String) throws(TransformerError) {
        for (name, content) in files {
            let bytes: Data
            switch content {
            case .bytes(let held): bytes = held
            case .file(let path): bytes = try readFile(path)
            }
            try FileSystem.create(folder + "/" + name, [UInt8](bytes))
        }
    }
}

/// The bytes of a file.
func readFile(_ path: String) throws(TransformerError) -> Data { Data(try FileSystem.read(path)) }
