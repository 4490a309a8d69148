import Fixtures
import Testing
import Torch

@Suite struct SafetensorsTests {
    /// A file with this header text and so many bytes of numbers.
    static func file(_ header: String, data: Int, length: UInt64? = nil) -> [UInt8] {
        let json = Array(header.utf8)
        return withUnsafeBytes(of: (length ?? UInt64(json.count)).littleEndian) { Array($0) } + json
            + [UInt8](repeating: 0, count: data)
    }
    static func entry(_ name: String, _ start: Int, _ end: Int, shape: String = "[2]", dtype: String = "F32") -> String
    {
        "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":[\(start),\(end)]}"
    }

    static let corruptions: [(String, [UInt8])] = [
        ("an empty file", []),
        ("seven bytes", [0, 0, 0, 0, 0, 0, 0]),
        ("a header longer than the file", file("{}", data: 0, length: 3)),
        ("a header of 2^63 bytes", file("{}", data: 0, length: 1 << 63)),
        ("a header of all ones", file("{}", data: 0, length: .max)),
        ("a header that is no object", file("[]", data: 0)),
        ("an empty header", file("", data: 0)),
        ("spaces in front", file(" {}", data: 0)),
        ("text after the object", file("{}x", data: 0)),
        ("an object that does not end", file("{\"a\":", data: 0)),
        ("a name that does not end", file("{\"a", data: 0)),
        ("a name twice", file("{\(entry("a", 0, 8)),\(entry("a", 8, 16))}", data: 16)),
        ("metadata twice", file("{\"__metadata__\":{},\"__metadata__\":{}}", data: 0)),
        ("a metadata key twice", file("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", data: 0)),
        ("metadata that is no text", file("{\"__metadata__\":{\"a\":1}}", data: 0)),
        ("no dtype", file("{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", data: 8)),
        ("no shape", file("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", data: 8)),
        ("no offsets", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2]}}", data: 8)),
        ("an unknown key", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":[0]}}", data: 8)),
        (
            "a key twice",
            file("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", data: 8)
        ),
        ("a negative size", file("{\(entry("a", 0, 8, shape: "[-2]"))}", data: 8)),
        ("a fractional size", file("{\(entry("a", 0, 8, shape: "[2.0]"))}", data: 8)),
        ("a size with a leading zero", file("{\(entry("a", 0, 8, shape: "[02]"))}", data: 8)),
        ("a size beyond 64 bits", file("{\(entry("a", 0, 8, shape: "[99999999999999999999]"))}", data: 8)),
        (
            "a product beyond 64 bits",
            file("{\(entry("a", 0, 8, shape: "[4611686018427387904,4611686018427387904]"))}", data: 8)
        ),
        (
            "strides beyond 64 bits beside a 0",
            file("{\(entry("a", 0, 0, shape: "[0,4611686018427387904,4611686018427387904]"))}", data: 0)
        ),
        ("offsets backwards", file("{\(entry("a", 8, 0))}", data: 8)),
        ("three offsets", file("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", data: 8)),
        ("too few bytes for the shape", file("{\(entry("a", 0, 4))}", data: 4)),
        ("overlapping tensors", file("{\(entry("a", 0, 8)),\(entry("b", 4, 12))}", data: 12)),
        ("a gap", file("{\(entry("a", 0, 8)),\(entry("b", 12, 20))}", data: 20)),
        ("a gap at the start", file("{\(entry("a", 4, 12))}", data: 12)),
        (
            "an end that is the largest number",
            file("{\(entry("a", 0, .max, shape: "[\(Int.max)]", dtype: "U8"))}", data: 8)
        ),
        (
            "a gap up to the largest number",
            file("{\(entry("a", .max - 8, .max))}", data: 8)
        ),
        ("a tensor beyond the end", file("{\(entry("a", 0, 8))}", data: 7)),
        ("bytes after the last tensor", file("{\(entry("a", 0, 8))}", data: 9)),
        ("invalid UTF-8", file("{", data: 0, length: 4) + [0x22, 0xFF, 0x22]),
        ("half a surrogate pair", file("{\"\\ud800\":{}}", data: 0)),
        ("an unknown escape", file("{\"\\x\":{}}", data: 0)),
    ]

    @Test(arguments: corruptions) func aBrokenFileIsRefusedWithItsPlace(_ name: String, _ bytes: [UInt8]) throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write(bytes, to: "broken.safetensors")
        let error = #expect(throws: TorchError.self) { try SafetensorsFile(path: path) }
        #expect(error?.code == .badFile)
        #expect(error?.message.contains("broken.safetensors, byte ") == true, "\(error?.message ?? "")")
    }

    @Test func anUnknownDtypeIsUnsupported() throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write(
            Self.file("{\(Self.entry("a", 0, 2, dtype: "F8_E5M2"))}", data: 2), to: "f8.safetensors")
        let error = #expect(throws: TorchError.self) { try SafetensorsFile(path: path) }
        #expect(error?.code == .unsupported)
    }

    @Test func aTruncatedFileIsRefusedAtEveryLength() throws {
        let folder = try TemporaryDirectory()
        try SafetensorsWriter.write(
            [("a", Tensor.ones([3])), ("b", Tensor.ones([2], .uint8))], to: folder.path("whole"))
        let whole = try folder.read("whole")
        for length in whole.indices {
            let path = try folder.write(whole[..<length], to: "cut")
            #expect(throws: TorchError.self) { try SafetensorsFile(path: path) }
        }
    }

    @Test func whatIsWrittenIsRead() throws {
        let folder = try TemporaryDirectory()
        var random = RepeatableRandom(7)
        var tensors: [(String, Tensor)] = []
        for dtype in DType.allCases { tensors.append(("t.\(dtype.rawValue)", try random.tensor([3, 5]).to(dtype))) }
        tensors.append(("empty", try Tensor.zeros([0, 4])))
        tensors.append(("scalar", try Tensor.scalar(4)))
        tensors.append(("a view", try random.tensor([4, 6]).transposed(0, 1)))
        tensors.append(("\"\\\n\t\u{1}ü😀", try Tensor.ones([1], .uint8)))
        let metadata = ["format": "pt", "line": "a\"b\\c\nd😀"]
        let path = folder.path("model.safetensors")
        try SafetensorsWriter.write(tensors, metadata: metadata, to: path)
        #expect(folder.names() == ["model.safetensors"])
        let file = try SafetensorsFile(path: path)
        #expect(file.metadata == metadata)
        #expect(Set(file.names) == Set(tensors.map(\.0)))
        for (name, tensor) in tensors {
            #expect(try file.shape(of: name) == tensor.shape)
            #expect(try file.dtype(of: name) == tensor.dtype)
            #expect(try file.tensor(name).isIdentical(to: tensor), "\(name)")
        }
        #expect(throws: TorchError.self) { try file.tensor("absent") }
    }

    @Test func theSameContentIsTheSameBytes() throws {
        let folder = try TemporaryDirectory()
        let a = ("a", try Tensor.ones([2]))
        let b = ("b", try Tensor.ones([2], .bfloat16))
        try SafetensorsWriter.write([a, b], metadata: ["x": "1", "y": "2"], to: folder.path("one"))
        try SafetensorsWriter.write([b, a], metadata: ["y": "2", "x": "1"], to: folder.path("two"))
        #expect(try folder.read("one") == folder.read("two"))
    }

    @Test func aTensorKeepsTheFileMapped() throws {
        let folder = try TemporaryDirectory()
        try SafetensorsWriter.write([("a", Tensor([1, 2, 3] as [Float]))], to: folder.path("m"))
        let tensor = try SafetensorsFile(path: folder.path("m")).tensor("a")
        #expect(try tensor.floats() == [1, 2, 3])
        try tensor.add(1)  // this process's copy
        #expect(try SafetensorsFile(path: folder.path("m")).tensor("a").floats() == [1, 2, 3])
    }

    @Test func aFailedWriteLeavesTheOldFile() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("model.safetensors")
        try SafetensorsWriter.write([("a", Tensor.ones([1]))], to: path)
        let before = try folder.read("model.safetensors")
        #expect(throws: TorchError.self) {
            try SafetensorsWriter.write([("a", Tensor.ones([1])), ("a", Tensor.ones([1]))], to: path)
        }
        #expect(try folder.read("model.safetensors") == before)
        #expect(folder.names() == ["model.safetensors"])
        let error = #expect(throws: TorchError.self) {
            try SafetensorsWriter.write([("a", Tensor.ones([1]))], to: folder.path("absent/model.safetensors"))
        }
        #expect(error?.code == .io)
    }

    @Test func shardsHoldAtMostTheirBytes() throws {
        let folder = try TemporaryDirectory()
        let tensors = try (0..<7).map { ("layer.\($0)", try Tensor.full([5], Double($0))) }
        let names = try SafetensorsWriter.writeSharded(
            tensors, metadata: ["format": "pt"], to: folder.path, shardBytes: 40)
        #expect(names.count == 5)
        #expect(names.first == "model-00001-of-00004.safetensors")
        let index = String(decoding: try folder.read("model.safetensors.index.json"), as: UTF8.self)
        #expect(index.contains("\"total_size\": 140"))
        let weights = try SafetensorsFolder(path: folder.path)
        #expect(weights.names == tensors.map(\.0))
        for (name, tensor) in tensors { #expect(try weights.tensor(name).isIdentical(to: tensor)) }
    }

    @Test func aSmallModelIsOneFileWithoutAnIndex() throws {
        let folder = try TemporaryDirectory()
        let tensors = [("a", try Tensor.ones([2])), ("b", try Tensor.ones([2]))]
        try SafetensorsWriter.writeSharded(tensors, to: folder.path, shardBytes: 8)
        try SafetensorsWriter.writeSharded(tensors, to: folder.path)
        #expect(!folder.names().contains("model.safetensors.index.json"))
        #expect(try SafetensorsFolder(path: folder.path).names == ["a", "b"])
    }

    @Test(arguments: [
        "{", "[]", "{\"weight_map\":{\"a\":\"../outside.safetensors\"}}",
        "{\"weight_map\":{\"b\":\"model.safetensors\"}}",
        "{\"weight_map\":{\"a\":\"absent.safetensors\"}}", "{\"metadata\":{}}",
    ])
    func aBrokenIndexIsRefused(_ index: String) throws {
        let folder = try TemporaryDirectory()
        try SafetensorsWriter.write([("a", Tensor.ones([1]))], to: folder.path("model.safetensors"))
        try folder.write(index, to: "model.safetensors.index.json")
        #expect(throws: TorchError.self) { try SafetensorsFolder(path: folder.path) }
    }
}
