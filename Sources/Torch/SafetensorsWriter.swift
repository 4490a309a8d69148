internal import Files

/// Writes safetensors files as Hugging Face's own library lays them out, atomically: beside, fsync, rename.
public enum SafetensorsWriter {
    /// Writes one file. Tensors may lie anywhere and be views; they are copied piece by piece.
    /// - Throws: `.invalidArgument` for a name that stands twice, `.io` with the system's reason; the file at `path`
    ///   is then what it was.
    public static func write(
        _ tensors: [(String, Tensor)], metadata: [String: String] = [:], to path: String
    ) throws(TorchError) {
        // Larger element types first, so that every tensor is aligned; then by name, so that equal content is equal bytes.
        let ordered = tensors.sorted { ($1.1.dtype.bytes, $0.0) < ($0.1.dtype.bytes, $1.0) }
        let header = try Self.header(ordered, metadata: metadata)
        var file = try StagedFile(path: path)
        try header.withUnsafeBytesOrThrow { (bytes) throws(TorchError) in try file.write(bytes) }
        for (_, tensor) in ordered {
            let result = try tensor.detached().withBytes { bytes in
                Result { () throws(TorchError) in try file.write(bytes) }
            }
            try result.get()
        }
        try file.commit()
    }

    /// Writes `model.safetensors`, or shards of at most `shardBytes` with `model.safetensors.index.json` when the tensors
    /// need more; a larger tensor has a shard of its own. The order of the list decides what goes together.
    /// - Returns: The names of the files written.
    /// - Throws: As `write`.
    @discardableResult
    public static func writeSharded(
        _ tensors: [(String, Tensor)], metadata: [String: String] = [:], to folder: String,
        shardBytes: Int = 5_000_000_000
    ) throws(TorchError) -> [String] {
        var shards: [[(String, Tensor)]] = [[]]
        var filled = 0
        for (name, tensor) in tensors {
            if filled > 0, filled + tensor.bytes > shardBytes {
                shards.append([])
                filled = 0
            }
            shards[shards.count - 1].append((name, tensor))
            filled += tensor.bytes
        }
        guard shards.count > 1 else {
            try write(tensors, metadata: metadata, to: "\(folder)/\(SafetensorsFolder.singleName)")
            try FileSystem.remove("\(folder)/\(SafetensorsFolder.indexName)")
            return [SafetensorsFolder.singleName]
        }
        var names: [String] = []
        var places: [(String, String)] = []
        for (index, shard) in shards.enumerated() {
            let name = "model-\(padded(index + 1))-of-\(padded(shards.count)).safetensors"
            try write(shard, metadata: metadata, to: "\(folder)/\(name)")
            names.append(name)
            places += shard.map { ($0.0, name) }
        }
        let total = tensors.reduce(0) { $0 + $1.1.bytes }
        let lines = places.sorted { $0.0 < $1.0 }.map { "    \(quotedJSON($0.0)): \(quotedJSON($0.1))" }
        let index =
            "{\n  \"metadata\": {\n    \"total_size\": \(total)\n  },\n  \"weight_map\": {\n"
            + lines.joined(separator: ",\n") + "\n  }\n}\n"
        var file = try StagedFile(path: "\(folder)/\(SafetensorsFolder.indexName)")
        try Array(index.utf8).withUnsafeBytesOrThrow { (bytes) throws(TorchError) in try file.write(bytes) }
        try file.commit()
        return names + [SafetensorsFolder.indexName]
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }

    /// Length, JSON, and spaces up to a multiple of 8.
    private static func header(
        _ tensors: [(String, Tensor)], metadata: [String: String]
    ) throws(TorchError) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quotedJSON($0.key)):\(quotedJSON($0.value))" }
            members.append("\"__metadata__\":{\(pairs.joined(separator: ","))}")
        }
        var seen: Set<String> = ["__metadata__"]
        var end = 0
        for (name, tensor) in tensors {
            guard seen.insert(name).inserted else {
                throw TorchError(
                    code: .invalidArgument, operation: "SafetensorsWriter",
                    message: "the name \(name) stands twice or is reserved")
            }
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(quotedJSON(name)):{\"dtype\":\"\(tensor.dtype.safetensorsName)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(end),\(end + tensor.bytes)]}")
            end += tensor.bytes
        }
        var json = Array("{\(members.joined(separator: ","))}".utf8)
        json += [UInt8](repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
        guard json.count <= SafetensorsHeader.maximumBytes else {
            throw TorchError(
                code: .invalidArgument, operation: "SafetensorsWriter",
                message:
                    "the header would have \(json.count) bytes, more than readers accept (\(SafetensorsHeader.maximumBytes))"
            )
        }
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
    }
}

extension Array<UInt8> {
    /// `withUnsafeBytes` that keeps the error's type.
    fileprivate func withUnsafeBytesOrThrow(
        _ body: (UnsafeRawBufferPointer) throws(TorchError) -> Void
    ) throws(TorchError) {
        let result = withUnsafeBytes { bytes in Result { () throws(TorchError) in try body(bytes) } }
        try result.get()
    }
}
