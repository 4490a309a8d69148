/// A GGUF file in the making, byte by byte: little-endian, version 3.
public struct GGUFWriter {
    public var metadata: [(key: String, type: UInt32, bytes: [UInt8])] = []
    public var tensors: [(name: String, shape: [Int], code: UInt32, bytes: [UInt8])] = []

    public init() {}

    public static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    public static func text(_ value: String) -> [UInt8] { little(UInt64(value.utf8.count)) + Array(value.utf8) }
    public static func floats(_ values: [Float]) -> [UInt8] { values.flatMap { little($0.bitPattern) } }

    public mutating func put(_ key: String, _ value: Int) { metadata.append((key, 4, Self.little(UInt32(value)))) }
    public mutating func put(_ key: String, _ value: Float) { metadata.append((key, 6, Self.little(value.bitPattern))) }
    public mutating func put(_ key: String, _ value: String) { metadata.append((key, 8, Self.text(value))) }
    public mutating func put(_ key: String, _ values: [String]) {
        metadata.append(
            (key, 9, Self.little(UInt32(8)) + Self.little(UInt64(values.count)) + values.flatMap(Self.text)))
    }
    public mutating func put(_ key: String, _ values: [Int]) {
        metadata.append(
            (
                key, 9,
                Self.little(UInt32(5)) + Self.little(UInt64(values.count))
                    + values.flatMap { Self.little(Int32($0)) }
            ))
    }
    public mutating func put(_ key: String, _ values: [Float]) {
        metadata.append((key, 9, Self.little(UInt32(6)) + Self.little(UInt64(values.count)) + Self.floats(values)))
    }

    public func bytes() -> [UInt8] {
        var out =
            Array("GGUF".utf8) + Self.little(UInt32(3)) + Self.little(UInt64(tensors.count))
            + Self.little(UInt64(metadata.count))
        for entry in metadata { out += Self.text(entry.key) + Self.little(entry.type) + entry.bytes }
        var data: [UInt8] = []
        for tensor in tensors {
            out += Self.text(tensor.name) + Self.little(UInt32(tensor.shape.count))
            out += tensor.shape.reversed().flatMap { Self.little(UInt64($0)) }
            out += Self.little(tensor.code) + Self.little(UInt64(data.count))
            data += tensor.bytes
            data += [UInt8](repeating: 0, count: (32 - data.count % 32) % 32)
        }
        out += [UInt8](repeating: 0, count: (32 - out.count % 32) % 32)
        return out + data
    }
}
