/// A safetensors file, mapped: tensors are views of the file, which stays mapped while one lives.
public final class SafetensorsFile {
    public let path: String
    private let mapping: FileMapping
    private let header: SafetensorsHeader
    private let places: [String: SafetensorsHeader.Entry]

    /// Maps the file and checks its whole header.
    /// - Throws: `.io` when it cannot be read; `.badFile` when it is not there, or with the byte where its header is wrong
    ///   or where it is cut off; `.unsupported` for a dtype that is not in `DType`.
    public init(path: String) throws(TorchError) {
        self.path = path
        mapping = try FileMapping(path: path)
        do throws(SafetensorsHeader.Fault) {
            header = try SafetensorsHeader(file: mapping.bytes)
        } catch {
            throw TorchError(
                code: error.unsupported ? .unsupported : .badFile, operation: "SafetensorsFile(path:)",
                message: "\(path), byte \(error.offset): \(error.reason)")
        }
        places = Dictionary(uniqueKeysWithValues: header.entries.map { ($0.name, $0.entry) })
    }

    /// In the order of their places in the file.
    public var names: [String] { header.entries.map(\.name) }
    /// The free text of the header's `__metadata__`.
    public var metadata: [String: String] { header.metadata }
    /// Bytes of the whole file.
    public var fileBytes: Int { mapping.count }

    public func contains(_ name: String) -> Bool { places[name] != nil }

    /// - Throws: `.invalidArgument` for an unknown name.
    public func shape(of name: String) throws(TorchError) -> [Int] { try entry(name).shape }

    /// - Throws: `.invalidArgument` for an unknown name.
    public func dtype(of name: String) throws(TorchError) -> DType { try entry(name).dtype }

    /// A view of the file (a copy where the file does not align it). Reading it touches the disk; writing to it changes
    /// this process's memory and never the file.
    /// - Throws: `.invalidArgument` for an unknown name.
    public func tensor(_ name: String) throws(TorchError) -> Tensor {
        let entry = try entry(name)
        let range = (header.dataStart + entry.range.lowerBound)..<(header.dataStart + entry.range.upperBound)
        let bytes = UnsafeRawBufferPointer(rebasing: mapping.bytes[range])
        if bytes.isEmpty || range.lowerBound % entry.dtype.bytes != 0 {
            return try withExtendedLifetime(mapping) { () throws(TorchError) in
                try Tensor.fromBytes(bytes, shape: entry.shape, entry.dtype)
            }
        }
        return try Tensor.viewing(bytes, shape: entry.shape, entry.dtype, owner: mapping)
    }

    private func entry(_ name: String) throws(TorchError) -> SafetensorsHeader.Entry {
        guard let entry = places[name] else {
            throw TorchError(
                code: .invalidArgument, operation: "SafetensorsFile", message: "\(path) holds no tensor named \(name)")
        }
        return entry
    }
}

@available(*, unavailable)
extension SafetensorsFile: Sendable {}
