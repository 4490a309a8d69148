public import FoundationEssentials

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
