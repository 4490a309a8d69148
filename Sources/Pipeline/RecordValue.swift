internal import FoundationEssentials

/// Any JSON value, for the parts of a record whose shape depends on the stage kind.
public enum RecordValue: Codable, Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case string(String)
    case array([RecordValue])
    case object([String: RecordValue])

    /// The JSON of an encodable value of ours.
    public init(_ value: some Encodable) {
        let bytes = CanonicalJSON.bytes(of: value)
        do { self = try JSONDecoder().decode(RecordValue.self, from: bytes) } catch {
            preconditionFailure("own JSON does not decode: \(error)")
        }
    }

    /// - Throws: `DecodingError` for anything else.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([RecordValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: RecordValue].self))
        }
    }

    /// - Throws: What the encoder throws.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// The member of an object, or nil.
    public subscript(_ key: String) -> RecordValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    /// The number, when it is one.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// One line of text: strings bare, everything else as JSON.
    public var text: String {
        if case .string(let value) = self { return value }
        return String(decoding: CanonicalJSON.bytes(of: self), as: UTF8.self)
    }

    /// The first place, in key order, where two values differ, as `key.path`, with both sides; nil when equal.
    public func firstDifference(from other: RecordValue, at path: String = "") -> (
        path: String, old: RecordValue?, new: RecordValue?
    )? {
        guard self != other else { return nil }
        guard case .object(let mine) = self, case .object(let theirs) = other else { return (path, other, self) }
        for key in Set(mine.keys).union(theirs.keys).sorted() where mine[key] != theirs[key] {
            let below = path.isEmpty ? key : path + "." + key
            guard let new = mine[key], let old = theirs[key] else { return (below, theirs[key], mine[key]) }
            return new.firstDifference(from: old, at: below)
        }
        return nil
    }
}
