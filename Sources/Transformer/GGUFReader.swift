internal import FoundationEssentials

/// Reads the header of a GGUF file from front to back, never past its end.
struct GGUFReader {
    let bytes: Data
    let path: String
    var offset = 0

    func broken(_ problem: String, at place: Int) -> TransformerError {
        .gguf(path: path, offset: place, problem: problem)
    }

    private mutating func take<T: BitwiseCopyable>(_ type: T.Type) throws(TransformerError) -> T {
        let size = MemoryLayout<T>.size
        guard size <= bytes.count - offset else { throw broken("the header ends within a value", at: offset) }
        defer { offset += size }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }

    mutating func uint32() throws(TransformerError) -> UInt32 { UInt32(littleEndian: try take(UInt32.self)) }
    mutating func uint64() throws(TransformerError) -> UInt64 { UInt64(littleEndian: try take(UInt64.self)) }

    /// A count of things of at least so many bytes each, all of which must fit in what is left of the file.
    mutating func count(leastBytesEach size: Int) throws(TransformerError) -> Int {
        let at = offset
        let value = try uint64()
        guard let count = Int(exactly: value), count <= (bytes.count - offset) / size else {
            throw broken("a count of \(value) does not fit in the \(bytes.count - offset) bytes that follow", at: at)
        }
        return count
    }

    mutating func string() throws(TransformerError) -> String {
        let at = offset
        let length = try count(leastBytesEach: 1)
        defer { offset += length }
        guard let text = String(validating: bytes[offset..<(offset + length)], as: UTF8.self) else {
            throw broken("a text is not valid UTF-8", at: at)
        }
        return text
    }

    mutating func value() throws(TransformerError) -> GGUFValue {
        let type = try uint32()
        return try value(of: type)
    }

    private mutating func value(of type: UInt32) throws(TransformerError) -> GGUFValue {
        switch type {
        case 0: return .integer(Int(try take(UInt8.self)))
        case 1: return .integer(Int(try take(Int8.self)))
        case 2: return .integer(Int(UInt16(littleEndian: try take(UInt16.self))))
        case 3: return .integer(Int(Int16(littleEndian: try take(Int16.self))))
        case 4: return .integer(Int(try uint32()))
        case 5: return .integer(Int(Int32(littleEndian: try take(Int32.self))))
        case 6: return .float(Float(bitPattern: try uint32()))
        case 7: return .bool(try take(UInt8.self) != 0)
        case 8: return .string(try string())
        case 9: return try array()
        case 10:
            let value = try uint64()
            return Int(exactly: value).map { .integer($0) } ?? .unsigned(value)
        case 11: return .integer(Int(Int64(littleEndian: try take(Int64.self))))
        case 12: return .double(Double(bitPattern: try uint64()))
        default: throw broken("the value type \(type) is unknown", at: offset - 4)
        }
    }

    static func size(of type: UInt32) -> Int? {
        switch type {
        case 0, 1, 7: 1
        case 2, 3: 2
        case 4, 5, 6: 4
        case 10, 11, 12: 8
        default: nil
        }
    }

    private mutating func array() throws(TransformerError) -> GGUFValue {
        let at = offset
        let type = try uint32()
        if let size = Self.size(of: type) {
            let count = try count(leastBytesEach: size)
            defer { offset += count * size }
            return .array(type: type, count: count, offset: offset)
        }
        guard type == 8 else { throw broken("an array of type \(type) is not read", at: at) }
        let count = try count(leastBytesEach: 8)
        let start = offset
        for _ in 0..<count { offset += try self.count(leastBytesEach: 1) }
        return .array(type: type, count: count, offset: start)
    }

    mutating func tensor(alignment: Int) throws(TransformerError) -> GGUFTensor {
        let at = offset
        let name = try string()
        let rank = try uint32()
        guard rank >= 1, rank <= 4 else {
            throw broken("the tensor \(name) has \(rank) axes; 1 to 4 are possible", at: at)
        }
        var shape: [Int] = []
        var elements = 1
        for _ in 0..<rank {
            let value = try uint64()
            guard let size = Int(exactly: value), size > 0 else {
                throw broken("an axis of the tensor \(name) is \(value)", at: at)
            }
            let (product, overflow) = elements.multipliedReportingOverflow(by: size)
            guard !overflow, product <= 1 << 48 else { throw broken("the tensor \(name) is impossibly large", at: at) }
            elements = product
            shape.insert(size, at: 0)
        }
        let code = try uint32()
        let place = try uint64()
        guard let start = Int(exactly: place), start % alignment == 0 else {
            throw broken("the tensor \(name) begins at \(place), which is no multiple of \(alignment)", at: at)
        }
        let encoding = GGUFEncoding(rawValue: code)
        var size = 0
        if let encoding {
            guard shape[shape.count - 1] % encoding.blockSize == 0 else {
                throw broken(
                    "the rows of the tensor \(name) hold \(shape[shape.count - 1]) weights, no multiple of "
                        + "\(encoding.blockSize)", at: at)
            }
            size = elements / encoding.blockSize * encoding.blockBytes
        }
        return GGUFTensor(
            name: name, shape: shape, encoding: encoding, encodingCode: code, offset: start, byteCount: size)
    }
}
