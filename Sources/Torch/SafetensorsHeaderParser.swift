/// Reads the JSON that a safetensors header may hold, and no other: one object of objects, whole numbers, no duplicates.
struct SafetensorsHeaderParser {
    typealias Fault = SafetensorsHeader.Fault
    typealias Entry = SafetensorsHeader.Entry

    let bytes: UnsafeRawBufferPointer
    var at: Int

    mutating func header() throws(Fault) -> (entries: [(name: String, entry: Entry)], metadata: [String: String]) {
        var entries: [(name: String, entry: Entry)] = []
        var metadata: [String: String] = [:]
        var seen: Set<String> = []
        guard at < bytes.count, bytes[at] == UInt8(ascii: "{") else { throw fault("a header starts with {") }
        try object { (parser, name, place) throws(Fault) in
            guard seen.insert(name).inserted else {
                throw Fault(offset: place, reason: "the name \(name) stands twice")
            }
            if name == "__metadata__" {
                metadata = try parser.metadata()
            } else {
                entries.append((name, try parser.entry(name)))
            }
        }
        skipSpace()
        guard at == bytes.count else { throw fault("something follows the header's end") }
        return (entries, metadata)
    }

    private mutating func metadata() throws(Fault) -> [String: String] {
        var result: [String: String] = [:]
        try object { (parser, key, place) throws(Fault) in
            guard result.updateValue(try parser.string(), forKey: key) == nil else {
                throw Fault(offset: place, reason: "the metadata key \(key) stands twice")
            }
        }
        return result
    }

    private mutating func entry(_ name: String) throws(Fault) -> Entry {
        var dtype: DType?
        var shape: [Int]?
        var range: Range<Int>?
        let start = at
        try object { (parser, key, place) throws(Fault) in
            switch key {
            case "dtype" where dtype == nil:
                let text = try parser.string()
                guard let known = DType(safetensorsName: text) else {
                    throw Fault(
                        offset: place, reason: "tensor \(name) has dtype \(text), which is not supported",
                        unsupported: true)
                }
                dtype = known
            case "shape" where shape == nil:
                shape = try parser.wholeNumbers()
            case "data_offsets" where range == nil:
                let ends = try parser.wholeNumbers()
                guard ends.count == 2, ends[0] <= ends[1] else {
                    throw Fault(
                        offset: place, reason: "tensor \(name) has data_offsets \(ends), not a start and an end")
                }
                range = ends[0]..<ends[1]
            default:
                throw Fault(
                    offset: place, reason: "tensor \(name) has the key \(key), which is unknown or stands twice")
            }
        }
        guard let dtype, let shape, let range else {
            throw Fault(offset: start, reason: "tensor \(name) lacks dtype, shape or data_offsets")
        }
        // Strides are made of the sizes beside a 0 too.
        var extent = dtype.bytes
        for size in shape {
            let (product, overflow) = extent.multipliedReportingOverflow(by: max(size, 1))
            guard !overflow else {
                throw Fault(offset: start, reason: "tensor \(name) has a shape too large to address")
            }
            extent = product
        }
        let needed = shape.contains(0) ? 0 : extent
        guard needed == range.count else {
            throw Fault(
                offset: start,
                reason:
                    "tensor \(name) \(shape) \(dtype.safetensorsName) needs \(needed) bytes, its data_offsets hold \(range.count)"
            )
        }
        return Entry(dtype: dtype, shape: shape, range: range)
    }

    // MARK: The grammar

    private func fault(_ reason: String) -> Fault { Fault(offset: at, reason: reason) }

    private mutating func skipSpace() {
        while at < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[at]) { at += 1 }
    }

    /// Whether this byte comes next; passes it then.
    private mutating func takes(_ byte: Unicode.Scalar) -> Bool {
        skipSpace()
        guard at < bytes.count, bytes[at] == UInt8(ascii: byte) else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ byte: Unicode.Scalar) throws(Fault) {
        guard takes(byte) else { throw fault("\(byte) was expected here") }
    }

    /// Calls `member` for each key, at its value, with the byte where the key stands.
    private mutating func object(
        _ member: (inout SafetensorsHeaderParser, String, Int) throws(Fault) -> Void
    ) throws(Fault) {
        try expect("{")
        if takes("}") { return }
        repeat {
            skipSpace()
            let place = at
            let key = try string()
            try expect(":")
            try member(&self, key, place)
        } while takes(",")
        try expect("}")
    }

    private mutating func wholeNumbers() throws(Fault) -> [Int] {
        var numbers: [Int] = []
        try expect("[")
        if takes("]") { return numbers }
        repeat {
            skipSpace()
            let start = at
            var value = 0
            while at < bytes.count, case let digit = Int(bytes[at]) - 0x30, (0...9).contains(digit) {
                let (tens, first) = value.multipliedReportingOverflow(by: 10)
                let (sum, second) = tens.addingReportingOverflow(digit)
                guard !first, !second else { throw fault("a number is too large") }
                value = sum
                at += 1
            }
            guard at > start, at == start + 1 || bytes[start] != 0x30 else {
                throw fault("a whole number was expected here")
            }
            numbers.append(value)
        } while takes(",")
        try expect("]")
        return numbers
    }

    private mutating func string() throws(Fault) -> String {
        try expect("\"")
        let start = at
        var text: [UInt8] = []
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let valid = String(validating: text, as: UTF8.self) else {
                    throw Fault(offset: start, reason: "a text is not valid UTF-8")
                }
                return valid
            case UInt8(ascii: "\\"): text += try escaped()
            case 0..<0x20: throw Fault(offset: at - 1, reason: "a control character stands in a text")
            default: text.append(byte)
            }
        }
        throw fault("the header ends inside a text")
    }

    private mutating func escaped() throws(Fault) -> [UInt8] {
        guard at < bytes.count else { throw fault("the header ends inside a text") }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "u"):
            var code = try fourHexDigits()
            if (0xD800..<0xDC00).contains(code) {
                guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") else {
                    throw fault("half of a surrogate pair")
                }
                at += 2
                let low = try fourHexDigits()
                guard (0xDC00..<0xE000).contains(low) else { throw fault("half of a surrogate pair") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw fault("half of a surrogate pair") }
            return Array(String(Character(scalar)).utf8)
        default: throw Fault(offset: at - 1, reason: "an unknown escape in a text")
        }
    }

    private mutating func fourHexDigits() throws(Fault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard at < bytes.count, let digit = Character(Unicode.Scalar(bytes[at])).hexDigitValue else {
                throw fault("four hexadecimal digits were expected here")
            }
            value = value << 4 + UInt32(digit)
            at += 1
        }
        return value
    }
}
