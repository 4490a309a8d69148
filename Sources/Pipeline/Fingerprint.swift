internal import Corpus
public import FoundationEssentials

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

    public init(from decoder: any Decoder) throws {
        digits = try decoder.singleValueContainer().decode(String.self)
    }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(digits)
    }
}

/// One form of JSON per value: keys sorted, no white space, slashes bare, shortest decimal form of every number.
public enum CanonicalJSON {
    /// The canonical bytes of a value. Our own types always encode; one that does not is our bug and traps.
    public static func bytes(of value: some Encodable) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do { return try encoder.encode(value) } catch { preconditionFailure("value has no canonical JSON: \(error)") }
    }

    /// A value from either form.
    /// - Throws: the decoder's error when `bytes` hold something else.
    public static func value<Value: Decodable>(_ type: Value.Type, from bytes: Data) throws -> Value {
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return try decoder.decode(type, from: bytes)
    }

    /// Readable JSON for files that people open: sorted keys, indented.
    public static func readable(_ value: some Encodable) -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do { return try encoder.encode(value) + [UInt8(ascii: "\n")] } catch {
            preconditionFailure("value has no JSON: \(error)")
        }
    }
}
