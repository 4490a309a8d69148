internal import FoundationEssentials

/// Where weights from outside come from, as their own files say: what a reader of a model made from them must know.
public struct ModelOrigin: Codable, Sendable, Hashable {
    /// The last component of the path.
    public var file: String
    /// The model's name, if the file has one.
    public var name: String?
    /// The licence, if the file says: a Hugging Face identifier such as `apache-2.0`.
    public var license: String?
    /// How most weights of the projections are stored, such as `Q4_1`; nil where they are as they were trained.
    public var quantization: String?
    /// SHA-256 of a single file, 64 hexadecimal digits.
    public var sha256: String?

    public init(
        file: String, name: String? = nil, license: String? = nil, quantization: String? = nil, sha256: String? = nil
    ) {
        self.file = file
        self.name = name
        self.license = license
        self.quantization = quantization
        self.sha256 = sha256
    }

    /// What a Hugging Face folder or a `.gguf` file says about itself: the metadata `general.name` and
    /// `general.license`, or the `license:` that opens a folder's README.md.
    /// - Throws: `TransformerError.file` or `.gguf`.
    public init(of path: String) throws(TransformerError) {
        self.init(file: path.split(separator: "/").last.map(String.init) ?? path)
        guard path.hasSuffix(".gguf") else {
            license = (try? readFile(path + "/README.md")).flatMap { Self.license(in: [UInt8]($0)) }
            return
        }
        let file = try GGUFFile(path: path)
        name = file.metadata["general.name"]?.string
        license = file.metadata["general.license"]?.string
        var weights: [GGUFEncoding: Int] = [:]
        for tensor in file.tensors where tensor.shape.count == 2 {
            guard let encoding = tensor.encoding else { continue }
            weights[encoding, default: 0] += tensor.shape[0] * tensor.shape[1]
        }
        let most = weights.max { ($0.value, $0.key.rawValue) < ($1.value, $1.key.rawValue) }
        quantization = most.flatMap { $0.key.blockSize > 1 ? "\($0.key)".uppercased() : nil }
    }

    /// The `license:` of the front matter that opens a model card.
    static func license(in card: [UInt8]) -> String? {
        let lines = String(decoding: card.prefix(1 << 16), as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.first == "---" else { return nil }
        for line in lines.dropFirst().prefix(while: { $0 != "---" }) where line.hasPrefix("license:") {
            let value = line.dropFirst(8).filter { $0 != " " && $0 != "\"" && $0 != "'" && $0 != "\r" }
            return value.isEmpty ? nil : String(value)
        }
        return nil
    }

    /// One sentence for a model's page.
    public var sentence: String {
        var words = "The weights began as `\(file)`"
        if let name { words += " (\(name))" }
        if let quantization {
            words += ", dequantised from \(quantization): figures here are not those of the original weights"
        }
        words += "."
        if let license { words += " Its licence: \(license)." }
        if let sha256 { words += " SHA-256 of that file: `\(sha256)`." }
        return words
    }
}
