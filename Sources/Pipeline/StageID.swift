/// The name of a stage: unique in its pipeline file, the first half of its artifact's folder name.
///
/// One to 64 characters of `a-z`, `0-9`, `_` and `-`, starting with a letter, so that it is the same on every file system.
public struct StageID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name as written in the file.
    public let name: String

    /// - Returns: nil when `name` breaks the rule of the type.
    public init?(_ name: String) {
        guard StageID.problem(with: name) == nil else { return nil }
        self.name = name
    }

    /// Why `name` is no stage id, as a clause (“is empty”), or nil when it is one.
    public static func problem(with name: String) -> String? {
        if name.isEmpty { return "is empty" }
        if name.utf8.count > 64 { return "has more than 64 characters" }
        guard let first = name.utf8.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else {
            return "does not start with a lower-case letter"
        }
        let allowed = name.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
        return allowed ? nil : "holds a character other than a-z, 0-9, _ and -"
    }

    public static func < (left: StageID, right: StageID) -> Bool { left.name < right.name }
    public var description: String { name }
}

extension StageID: Codable {
    /// - Throws: `DecodingError` for anything else.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let name = try container.decode(String.self)
        if let problem = StageID.problem(with: name) {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "stage id “\(name)” \(problem)")
        }
        self.name = name
    }
    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}
