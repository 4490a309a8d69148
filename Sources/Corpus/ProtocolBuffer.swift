/// Reads the fields of one message of a protocol buffer, in order.
struct ProtocolBuffer {
    /// The bytes are no message.
    struct Damage: Error {}

    enum Value {
        case number(UInt64)
        case fixed32(UInt32)
        case bytes(ArraySlice<UInt8>)
        case fixed64(UInt64)
    }

    private let bytes: ArraySlice<UInt8>
    private var at: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        at = bytes.startIndex
    }

    /// The next field's number and value; nil at the end.
    /// - Throws: `Damage` for a message that ends too early, and for the groups of old, which nobody writes.
    mutating func next() throws(Damage) -> (field: UInt64, value: Value)? {
        guard at < bytes.endIndex else { return nil }
        let tag = try number()
        switch tag & 7 {
        case 0: return (tag >> 3, .number(try number()))
        case 1: return (tag >> 3, .fixed64(try fixed(8)))
        case 2:
            let length = try number()
            guard length <= UInt64(bytes.endIndex - at) else { throw Damage() }
            defer { at += Int(length) }
            return (tag >> 3, .bytes(bytes[at..<(at + Int(length))]))
        case 5: return (tag >> 3, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw Damage()
        }
    }

    private mutating func number() throws(Damage) -> UInt64 {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard at < bytes.endIndex else { throw Damage() }
            let byte = bytes[at]
            at += 1
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
        }
        throw Damage()
    }

    private mutating func fixed(_ size: Int) throws(Damage) -> UInt64 {
        guard bytes.endIndex - at >= size else { throw Damage() }
        defer { at += size }
        return bytes[at..<(at + size)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
