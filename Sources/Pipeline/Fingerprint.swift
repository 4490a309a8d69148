internal import Corpus
internal import FoundationEssentials

/// SHA-256 of everything that decides an artifact's content, as 64 lower-case hexadecimal digits.
///
/// Folder names carry the first 16 digits (`short`); records carry all of them.
public struct Fingerprint: Hashable, Codable, Sendable, CustomStringConvertible {
    /// 64 hexadecimal digits.
    public let digits: String
    /// The first 16 digits: enough to tell artifacts of one run folder apart.
    public var short: String { String(digits.prefix(16)) }
    public var description: String { digits }

    public init(digits: String) { self.digits = digits }

    /// SHA-256 of raw bytes.
    public init(of bytes: some Sequence<UInt8>) { digits = FileDigest.sha256(Array(bytes)) }

    /// SHA-256 of a value's canonical JSON (`CanonicalJSON`).
    public init(_ value: some Encodable) { self.init(of: CanonicalJSON.bytes(of: value)) }

    /// - Throws: `DecodingError` for anything else.
    public init(from decoder: any Decoder) throws {
        digits = try decoder.singleValueContainer().decode(String.self)
    }
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(digits)
    }
}
