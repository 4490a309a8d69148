internal import Files
internal import FoundationEssentials
internal import Glibc

/// A GGUF file (llama.cpp's model form, versions 2 and 3, little-endian), mapped and checked.
///
/// Opening reads the header only. Every count and offset is checked against the file's size before it is used, so no
/// header can make the process allocate more than the file holds; arrays stay in the file until they are asked for.
public struct GGUFFile: Sendable {
    /// Where the file lies.
    public let path: String
    /// Metadata values by key, such as `llama.block_count`.
    public let metadata: [String: GGUFValue]
    /// The tensors in file order.
    public let tensors: [GGUFTensor]
    let bytes: Data

    /// Maps the file and reads its header.
    /// - Throws: `TransformerError.file` when it cannot be read, `.gguf` with the byte offset when it breaks the
    ///   format.
    public init(path: String) throws(TransformerError) {
        close(try FileSystem.openForReading(path))
        guard let mapped = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else {
            throw .file(path: path, reason: "cannot be mapped into memory; it must be a plain file")
        }
        bytes = mapped
        self.path = path
        var reader = GGUFReader(bytes: bytes, path: path)
        guard try reader.uint32() == 0x4655_4747 else {
            throw reader.broken("the file does not begin with GGUF", at: 0)
        }
        let version = try reader.uint32()
        guard version == 2 || version == 3 else {
            throw reader.broken("the version is \(version); supported: 2 and 3, little-endian", at: 4)
        }
        let tensorCount = try reader.count(leastBytesEach: 24)
        let valueCount = try reader.count(leastBytesEach: 13)
        var metadata: [String: GGUFValue] = [:]
        for _ in 0..<valueCount {
            let at = reader.offset
            let key = try reader.string()
            let value = try reader.value()
            guard metadata.updateValue(value, forKey: key) == nil else {
                throw reader.broken("the metadata key \(key) stands twice", at: at)
            }
        }
        var alignment = 32
        if let stated = metadata["general.alignment"] {
            guard let value = stated.integer, value > 0, value <= 1 << 20, value & (value - 1) == 0 else {
                throw reader.broken("general.alignment is not a power of two up to 2^20", at: reader.offset)
            }
            alignment = value
        }
        var tensors: [GGUFTensor] = []
        var names: Set<String> = []
        for _ in 0..<tensorCount {
            let at = reader.offset
            let tensor = try reader.tensor(alignment: alignment)
            guard names.insert(tensor.name).inserted else {
                throw reader.broken("the tensor \(tensor.name) stands twice", at: at)
            }
            tensors.append(tensor)
        }
        let start = (reader.offset + alignment - 1) / alignment * alignment
        for index in tensors.indices {
            let (begin, overflow) = tensors[index].offset.addingReportingOverflow(start)
            guard !overflow, begin <= bytes.count, tensors[index].byteCount <= bytes.count - begin else {
                throw reader.broken(
                    "the tensor \(tensors[index].name) would end beyond the file's \(bytes.count) bytes",
                    at: reader.offset)
            }
            tensors[index].offset = begin
        }
        self.metadata = metadata
        self.tensors = tensors
    }
}

/// A metadata value of a GGUF file. Arrays are places in the file.
public enum GGUFValue: Sendable, Hashable {
    /// Any integer type.
    case integer(Int)
    /// An unsigned 64-bit integer beyond `Int`.
    case unsigned(UInt64)
    /// A float of 32 bits.
    case float(Float)
    /// A float of 64 bits.
    case double(Double)
    /// True or false.
    case bool(Bool)
    /// UTF-8 text.
    case string(String)
    /// `count` elements of GGUF type `type`, from byte `offset` of the file.
    case array(type: UInt32, count: Int, offset: Int)

    /// The value as an integer.
    public var integer: Int? { if case .integer(let value) = self { value } else { nil } }
    /// The value as text.
    public var string: String? { if case .string(let value) = self { value } else { nil } }
    /// The value as true or false.
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    /// The value as a number. A 32-bit float becomes the shortest decimal that reads back the same (1e-05, not
    /// 9.99999974e-06).
    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .float(let value): Double("\(value)")
        case .double(let value): value
        default: nil
        }
    }
}

/// How the numbers of a GGUF tensor are stored.
public enum GGUFEncoding: UInt32, Sendable, CaseIterable {
    /// Four bytes a weight.
    case float32 = 0
    /// Two bytes a weight.
    case float16 = 1
    /// 32 weights: a float16 scale, then 4-bit values less 8.
    case q4_0 = 2
    /// 32 weights: a float16 scale, a float16 minimum, then 4-bit values.
    case q4_1 = 3
    /// 32 weights: a float16 scale, then signed bytes.
    case q8_0 = 8
    /// Two bytes a weight.
    case bfloat16 = 30

    /// Weights of one block.
    var blockSize: Int {
        switch self {
        case .float32, .float16, .bfloat16: 1
        case .q4_0, .q4_1, .q8_0: 32
        }
    }
    /// Bytes of one block.
    var blockBytes: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        case .q4_0: 18
        case .q4_1: 20
        case .q8_0: 34
        }
    }
}

/// One tensor of a GGUF file.
public struct GGUFTensor: Sendable {
    /// The name, such as `blk.0.attn_q.weight`.
    public let name: String
    /// The shape, outermost axis first (GGUF stores the reverse).
    public let shape: [Int]
    /// How the numbers are stored; nil for an encoding that is not read.
    public let encoding: GGUFEncoding?
    /// The encoding's number in the file.
    public let encodingCode: UInt32
    /// First byte in the file.
    public internal(set) var offset: Int
    /// Number of bytes; 0 for an encoding that is not read.
    public let byteCount: Int
    /// Number of weights.
    public var elementCount: Int { shape.reduce(1, *) }
}

extension GGUFFile {
    /// The texts of a metadata array.
    /// - Throws: `TransformerError.gguf` when the key is missing or holds something else.
    func strings(_ key: String) throws(TransformerError) -> [String] {
        guard case .array(8, let count, let offset) = metadata[key] else { throw lacks(key, "an array of texts") }
        var reader = GGUFReader(bytes: bytes, path: path, offset: offset)
        var texts: [String] = []
        texts.reserveCapacity(count)
        for _ in 0..<count { texts.append(try reader.string()) }
        return texts
    }

    /// The numbers of a metadata array of 32-bit integers or floats.
    /// - Throws: `TransformerError.gguf` when the key is missing or holds something else.
    func numbers(_ key: String) throws(TransformerError) -> [Double] {
        guard case .array(let type, let count, let offset) = metadata[key], (4...6).contains(type) else {
            throw lacks(key, "an array of 32-bit numbers")
        }
        var reader = GGUFReader(bytes: bytes, path: path, offset: offset)
        var values: [Double] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            let bits = try reader.uint32()
            values.append(
                type == 4 ? Double(bits) : type == 5 ? Double(Int32(bitPattern: bits)) : Double(Float(bitPattern: bits))
            )
        }
        return values
    }

    func lacks(_ key: String, _ expected: String) -> TransformerError {
        .gguf(path: path, offset: 0, problem: "the metadata key \(key) is missing or is not \(expected)")
    }
}
