internal import Corpus
internal import Files
internal import FoundationEssentials
internal import Glibc

/// The checkpoints of one run: folders `step-00000020`, the last few of them.
///
/// A checkpoint is written beside its place, brought to the disk, sealed with `COMPLETE` (the size and SHA-256 of each
/// file) and renamed into place: at any moment a folder of that name is whole, or damaged from outside, which the seal
/// tells. Older ones go only when a newer one stands.
public struct CheckpointStore: Sendable {
    /// The folder that holds the checkpoints.
    public let folder: String
    /// How many are kept.
    public let keepLast: Int

    static let seal = "COMPLETE"
    private static let prefix = "step-"
    private static let partial = ".partial"
    private static let damaged = ".damaged"

    public init(folder: String, keepLast: Int = 2) {
        self.folder = folder
        self.keepLast = max(keepLast, 1)
    }

    /// The steps of which there is a checkpoint, ascending; their content is not looked at.
    /// - Throws: `TrainingError.file` when the folder cannot be read.
    public func steps() throws(TrainingError) -> [Int] {
        try FileSystem.names(in: folder).compactMap { name -> Int? in
            guard name.hasPrefix(Self.prefix), let step = Int(name.dropFirst(Self.prefix.count)),
                path(of: step) == "\(folder)/\(name)"
            else { return nil }
            return step
        }.sorted()
    }

    /// The folder of the checkpoint after `step` steps.
    public func path(of step: Int) -> String {
        let digits = String(step)
        return "\(folder)/\(Self.prefix)\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits)"
    }

    /// Makes the checkpoint of `step` and then drops those that are too many.
    /// - Parameter write: Fills the folder it is given.
    /// - Throws: `TrainingError`; the checkpoints are then what they were.
    func save(step: Int, _ write: (String) throws(TrainingError) -> Void) throws(TrainingError) {
        try FileSystem.makeFolder(folder)
        try sweep(Self.partial)
        let place = path(of: step)
        let beside = place + Self.partial
        do throws(TrainingError) {
            try FileSystem.makeFolder(beside)
            try write(beside)
            try Self.seal(beside, step: step)
            try FileSystem.flushFolder(beside)
            try FileSystem.remove(place)
            try FileSystem.rename(beside, to: place)
            try FileSystem.flushFolder(folder)
        } catch {
            // Gives the space back; the reason that is already known matters more than a second one.
            try? FileSystem.remove(beside)
            throw error
        }
        try sweep(Self.damaged)
        for old in try steps().filter({ $0 < step }).dropLast(keepLast - 1) { try FileSystem.remove(path(of: old)) }
    }

    /// The newest checkpoint that is whole, as `read` takes it.
    ///
    /// Those that are damaged are set aside under the name `step-....damaged` once one before them is found whole, and
    /// `warn` receives a sentence about each. One that cannot be read for a fault of the disk is damaged; one that this
    /// user may not read is not.
    /// - Parameter read: Reads the folder it is given; the seal holds, so that what does not fit is another run's.
    /// - Returns: `nil` when there is no checkpoint at all.
    /// - Throws: `TrainingError.noUsableCheckpoint` when all are damaged, which then stay as they are, so that nothing is
    ///   started over; `.file` and `.corpus` for one that may not be read; whatever `read` throws.
    func newest<Content>(
        warn: (String) -> Void, _ read: (String, Int) throws(TrainingError) -> Content
    ) throws(TrainingError) -> Content? {
        var damages: [(place: String, reason: String)] = []
        for step in try steps().reversed() {
            let place = path(of: step)
            do throws(TrainingError) {
                try Self.check(place, step: step)
            } catch {
                guard case .checkpoint(_, let reason) = error else { throw error }
                damages.append((place, reason))
                continue
            }
            for (place, reason) in damages {
                warn("Checkpoint \(place) is damaged (\(reason)); falling back to the one before.")
                try FileSystem.remove(place + Self.damaged)
                try FileSystem.rename(place, to: place + Self.damaged)
            }
            return try read(place, step)
        }
        if damages.isEmpty { return nil }
        throw .noUsableCheckpoint(folder: folder, reasons: damages.map { "\($0.place): \($0.reason)" })
    }

    private func sweep(_ suffix: String) throws(TrainingError) {
        for name in try FileSystem.names(in: folder) where name.hasPrefix(Self.prefix) && name.hasSuffix(suffix) {
            try FileSystem.remove("\(folder)/\(name)")
        }
    }
}

/// The content of `COMPLETE`.
private struct Seal: Codable {
    struct File: Codable {
        var bytes: Int
        var sha256: String
    }

    var schema = 1
    var step: Int
    var files: [String: File]
}

extension CheckpointStore {
    private static func digest(_ path: String) throws(TrainingError) -> String {
        try withCorpus { () throws(CorpusError) in try FileDigest.sha256(ofFile: path) }
    }

    private static func seal(_ folder: String, step: Int) throws(TrainingError) {
        var seal = Seal(step: step, files: [:])
        for name in try FileSystem.names(in: folder) {
            let path = "\(folder)/\(name)"
            seal.files[name] = Seal.File(bytes: try FileSystem.size(path), sha256: try digest(path))
        }
        try FileSystem.create("\(folder)/\(Self.seal)", try CheckpointJSON.encoded(seal, path: folder))
    }

    /// - Throws: `TrainingError.checkpoint` when something is missing, not as it was written, of another checkpoint, or lies
    ///   on a part of the disk that cannot be read; `.mismatch` for a seal of a later version.
    private static func check(_ folder: String, step: Int) throws(TrainingError) {
        func damage(_ path: String, _ reason: String) -> TrainingError {
            .checkpoint(path: folder, reason: "\(path.split(separator: "/").last.map(String.init) ?? path): \(reason)")
        }
        do throws(TrainingError) { try compare(folder, step: step) } catch {
            switch error {
            case .file(let path, let operation, EIO), .corpus(.io(let path, let operation, EIO)):
                throw damage(path, "\(operation) failed: \(systemMessage(EIO))")
            case .checkpoint(let path, let reason) where path != folder: throw damage(path, reason)
            default: throw error
            }
        }
    }

    private static func compare(_ folder: String, step: Int) throws(TrainingError) {
        let path = "\(folder)/\(seal)"
        guard FileSystem.exists(path) else { throw .checkpoint(path: folder, reason: "\(seal) is missing") }
        let found = try CheckpointJSON.decoded(Seal.self, from: path)
        guard found.schema == 1 else {
            throw .mismatch(path: path, item: "schema", saved: "\(found.schema)", asked: "1")
        }
        guard found.step == step else {
            throw .checkpoint(path: folder, reason: "its \(seal) is that of step \(found.step)")
        }
        // Names with a dot in front are the file system's own business.
        for name in try FileSystem.names(in: folder)
        where name != seal && !name.hasPrefix(".") && found.files[name] == nil {
            throw .checkpoint(path: folder, reason: "\(name) is not one of the files that \(seal) lists")
        }
        guard !found.files.isEmpty else { throw .checkpoint(path: folder, reason: "\(seal) lists no file") }
        if let outside = found.files.keys.first(where: { $0.isEmpty || $0 == "." || $0 == ".." || $0.contains("/") }) {
            throw .checkpoint(path: folder, reason: "\(seal) lists '\(outside)', which is no name in its folder")
        }
        for (name, file) in found.files.sorted(by: { $0.key < $1.key }) {
            let path = "\(folder)/\(name)"
            guard FileSystem.exists(path) else { throw .checkpoint(path: folder, reason: "\(name) is missing") }
            let bytes = try FileSystem.size(path)
            guard bytes == file.bytes else {
                throw .checkpoint(path: folder, reason: "\(name) has \(bytes) bytes instead of \(file.bytes)")
            }
            guard try digest(path) == file.sha256 else {
                throw .checkpoint(path: folder, reason: "\(name) is not what was written: its SHA-256 differs")
            }
        }
    }
}

/// JSON as checkpoints hold it: keys sorted, numbers exact.
enum CheckpointJSON {
    static func encoded(_ value: some Encodable, path: String) throws(TrainingError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw .checkpoint(path: path, reason: "its state cannot be written as JSON: \(error)")
        }
    }

    /// - Throws: `TrainingError.checkpoint` when the file is not JSON of this kind, `.file`.
    static func decoded<Value: Decodable>(_ type: Value.Type, from path: String) throws(TrainingError) -> Value {
        try decoded(type, from: try FileSystem.read(path), path: path)
    }

    /// - Parameter path: Where the bytes are from, for the error.
    /// - Throws: `TrainingError.checkpoint` when they are not JSON of this kind.
    static func decoded<Value: Decodable>(
        _ type: Value.Type, from bytes: [UInt8], path: String
    ) throws(TrainingError) -> Value {
        do {
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(
                positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw .checkpoint(path: path, reason: "it is not the JSON it should be: \(error)")
        }
    }
}
