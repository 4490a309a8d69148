internal import FoundationEssentials
internal import Torch

/// The file `masks.safetensors`: for each pruned family `log_alpha.<family>` as learned, `[rows, columns]`, and
/// `mask.<family>` as carved, in the shape of the forward pass; both float32, layouts in the metadata as JSON.
public struct MasksFile: Sendable {
    /// The optimizer step the masks are of.
    public let step: Int
    /// The exact selection.
    public let masks: DeterministicMasks
    /// Learned log-alphas per family, `[rows, columns]` row by row; empty when the selection was not learned.
    public let logAlphas: [MaskFamily: [Float]]

    private struct Header: Codable {
        static let currentFormat = "shearling-masks-1"
        var format = currentFormat
        var step: Int
        var families: [MaskRows]

        /// The format is ours and every layout is of positive sizes that agree.
        var isReadable: Bool {
            let sizes = 1...1 << 20
            return format == Header.currentFormat && Set(families.map(\.family)).count == families.count
                && families.allSatisfy { rows in
                    [rows.rows, rows.columns, rows.repeats].allSatisfy(sizes.contains)
                        && rows.shape.count <= 2 && rows.shape.allSatisfy(sizes.contains)
                        && rows.shape.reduce(1, *) == rows.count * rows.repeats
                }
        }
    }

    /// The content of a file yet to be written.
    public init(step: Int, masks: DeterministicMasks, logAlphas: [MaskFamily: [Float]] = [:]) {
        self.step = step
        self.masks = masks
        self.logAlphas = logAlphas
    }

    /// The exact selection of learned masks, with their log-alphas.
    /// - Throws: `ShearingError.notFinite` when a log-alpha is NaN or infinite, `.torch`.
    public init(_ masks: PruningMasks, step: Int) throws(ShearingError) {
        var logAlphas: [MaskFamily: [Float]] = [:]
        for (rows, parameter) in zip(masks.families, masks.logAlphas) {
            logAlphas[rows.family] = try withTorch { () throws(TorchError) in try parameter.master.floats() }
        }
        try self.init(step: step, masks: masks.deterministic(.target), logAlphas: logAlphas)
    }

    /// Writes the file whole or not at all.
    /// - Throws: `ShearingError.torch` when the disk refuses.
    public func write(to path: String) throws(ShearingError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let json = try? encoder.encode(Header(step: step, families: masks.families)) else {
            throw .masksFile(path: path, found: "layouts that JSON cannot hold", expected: "finite numbers")
        }
        try withTorch { () throws(TorchError) in
            var tensors: [(String, Tensor)] = []
            for rows in masks.families {
                let family = rows.family.rawValue
                if let values = logAlphas[rows.family] {
                    tensors.append(("log_alpha.\(family)", try Tensor(values, shape: [rows.rows, rows.columns])))
                }
                if let elements = masks.elements(of: rows.family) {
                    tensors.append(("mask.\(family)", try Tensor(elements, shape: rows.shape)))
                }
            }
            try SafetensorsWriter.write(tensors, metadata: ["masks": String(decoding: json, as: UTF8.self)], to: path)
        }
    }

    /// Reads a file back.
    /// - Throws: `ShearingError.masksFile` when it is another kind of file or incomplete, `.torch` when it cannot be
    ///   read.
    public static func read(_ path: String) throws(ShearingError) -> MasksFile {
        let file = try withTorch { () throws(TorchError) in try SafetensorsFile(path: path) }
        guard let json = file.metadata["masks"],
            let header = try? JSONDecoder().decode(Header.self, from: Data(json.utf8)), header.isReadable
        else { throw .masksFile(path: path, found: "no layout of masks", expected: "metadata \"masks\"") }
        let names = Set(file.names)
        var values: [MaskFamily: [Float]] = [:]
        var logAlphas: [MaskFamily: [Float]] = [:]
        for rows in header.families {
            let family = rows.family.rawValue
            let elements = try floats("mask.\(family)", shape: rows.shape, of: file, at: path)
            values[rows.family] = stride(from: 0, to: elements.count, by: rows.repeats).map { elements[$0] }
            if names.contains("log_alpha.\(family)") {
                logAlphas[rows.family] = try floats(
                    "log_alpha.\(family)", shape: [rows.rows, rows.columns], of: file, at: path)
            }
        }
        return try MasksFile(
            step: header.step, masks: DeterministicMasks(families: header.families, values: values),
            logAlphas: logAlphas)
    }

    private static func floats(
        _ name: String, shape: [Int], of file: SafetensorsFile, at path: String
    ) throws(ShearingError) -> [Float] {
        guard file.names.contains(name) else {
            throw .masksFile(path: path, found: "no tensor \(name)", expected: "one of shape \(shape)")
        }
        let (found, values) = try withTorch { () throws(TorchError) in
            let tensor = try file.tensor(name)
            return try (tensor.shape, tensor.floats())
        }
        guard found == shape else {
            throw .masksFile(path: path, found: "\(name) of shape \(found)", expected: "shape \(shape)")
        }
        return values
    }
}
