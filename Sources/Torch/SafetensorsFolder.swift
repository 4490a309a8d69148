internal import FoundationEssentials
internal import Glibc

/// The weights of a Hugging Face folder: one `model.safetensors`, or shards that `model.safetensors.index.json` lists.
public final class SafetensorsFolder {
    public let path: String
    private let files: [SafetensorsFile]
    private let places: [String: Int]
    /// Sorted.
    public let names: [String]
    /// The `__metadata__` of the first file.
    public var metadata: [String: String] { files.first?.metadata ?? [:] }

    static let indexName = "model.safetensors.index.json"
    static let singleName = "model.safetensors"

    struct Index: Codable {
        struct Metadata: Codable { var total_size: Int? }
        var metadata: Metadata?
        var weight_map: [String: String]
    }

    /// - Throws: `.badFile` when a file is missing or the index names a tensor that its file does not hold or a file
    ///   outside the folder, and what `SafetensorsFile` throws.
    public init(path: String) throws(TorchError) {
        self.path = path
        let indexPath = "\(path)/\(Self.indexName)"
        guard access(indexPath, F_OK) == 0 else {
            let file = try SafetensorsFile(path: "\(path)/\(Self.singleName)")
            files = [file]
            names = file.names.sorted()
            places = Dictionary(uniqueKeysWithValues: file.names.map { ($0, 0) })
            return
        }
        let index = try Self.index(indexPath)
        let fileNames = Set(index.weight_map.values).sorted()
        var files: [SafetensorsFile] = []
        for name in fileNames {
            guard !name.contains("/"), name != "..", !name.isEmpty else {
                throw Self.refusal("\(indexPath) names the file \(name), which is not a name inside its folder")
            }
            files.append(try SafetensorsFile(path: "\(path)/\(name)"))
        }
        let positions = Dictionary(uniqueKeysWithValues: fileNames.enumerated().map { ($1, $0) })
        var places: [String: Int] = [:]
        for (tensor, name) in index.weight_map {
            guard let position = positions[name], files[position].contains(tensor) else {
                throw Self.refusal("\(indexPath) places tensor \(tensor) in \(name), which does not hold it")
            }
            places[tensor] = position
        }
        self.files = files
        self.places = places
        names = places.keys.sorted()
    }

    public func contains(_ name: String) -> Bool { places[name] != nil }
    /// - Throws: `.invalidArgument` for an unknown name.
    public func shape(of name: String) throws(TorchError) -> [Int] { try file(of: name).shape(of: name) }
    /// - Throws: `.invalidArgument` for an unknown name.
    public func dtype(of name: String) throws(TorchError) -> DType { try file(of: name).dtype(of: name) }
    /// A view of its file, as `SafetensorsFile.tensor`.
    /// - Throws: `.invalidArgument` for an unknown name.
    public func tensor(_ name: String) throws(TorchError) -> Tensor { try file(of: name).tensor(name) }

    private func file(of name: String) throws(TorchError) -> SafetensorsFile {
        guard let place = places[name] else {
            throw TorchError(
                code: .invalidArgument, operation: "SafetensorsFolder", message: "\(path) holds no tensor named \(name)"
            )
        }
        return files[place]
    }

    private static func index(_ path: String) throws(TorchError) -> Index {
        let mapping = try FileMapping(path: path)
        do {
            return try withExtendedLifetime(mapping) { try JSONDecoder().decode(Index.self, from: Data(mapping.bytes)) }
        } catch {
            throw refusal("\(path) is no index of shards (an object with weight_map): \(error)")
        }
    }

    private static func refusal(_ message: String) -> TorchError {
        TorchError(code: .badFile, operation: "SafetensorsFolder", message: message)
    }
}

@available(*, unavailable)
extension SafetensorsFolder: Sendable {}
