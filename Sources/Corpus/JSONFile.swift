import Files
import FoundationEssentials

/// The form of our JSON files: keys in snake case and in order, one value a line.
enum JSONFile {
    /// The bytes of `value`, the same for equal values.
    static func bytes(_ value: some Encodable) throws(CorpusError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value)) + [10]
        } catch {
            throw .invalidArgument(
                reason: "Cannot write as JSON: \(error)", remedy: "remove numbers that are not finite")
        }
    }

    /// Writes `value` to `path`: beside it, flushed where it must be durable, renamed.
    static func write(_ value: some Encodable, to path: String, isDurable: Bool = true) throws(CorpusError) {
        var file = try StagedFile(path: path)
        try file.write(try bytes(value))
        try file.commit(isDurable: isDurable)
    }

    /// Reads a value that `write` wrote.
    static func read<Value: Decodable>(_ type: Value.Type, from path: String) throws(CorpusError) -> Value {
        let bytes = try readSmallFile(path, limit: 1 << 30)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw .corrupt(
                path: path, offset: 0, reason: "not what it should hold (\(error))", remedy: CorpusError.packAgain)
        }
    }
}
