internal import Torch

// Folders of quantised models: our own form, marked in config.json so that other loaders refuse it.
extension ModelFolder {
    /// The key of `config.json` that says how projections are quantised.
    static let quantizationKey = "shearling_quantization"

    /// What stands under that key: the scheme, and for `int4` how many inputs of each projection share a scale (null:
    /// the projection stays bfloat16).
    static func quantizationConfig(_ scheme: QuantizationScheme, _ architecture: Architecture) -> JSONValue {
        var members = [JSONValue.Member("scheme", .string(scheme.rawValue))]
        if scheme == .int4 {
            let groups = WeightTable(architecture).entries.filter(\.isProjection).map { entry in
                JSONValue.Member(entry.name, QuantizedForm(entry, scheme).map { .integer($0.group) } ?? .null)
            }
            members.append(.init("groups", .object(groups)))
        }
        return .object(members)
    }

    /// The quantisation that a `config.json` states; nil for none.
    /// - Throws: `TransformerError.configuration` for a scheme that is not known or groups that are not those of the
    ///   projections.
    static func quantization(
        _ config: JSONValue, of architecture: Architecture, path: String
    ) throws(TransformerError) -> QuantizationScheme? {
        guard let stated = config[quantizationKey] else { return nil }
        guard let scheme = stated["scheme"]?.string.flatMap({ QuantizationScheme(rawValue: $0) }) else {
            throw .configuration(
                path: path, key: quantizationKey, found: String(stated.text.dropLast().prefix(80)),
                expected: "a scheme: " + QuantizationScheme.allCases.map(\.rawValue).joined(separator: " or "))
        }
        guard scheme == .int4 else { return scheme }
        for entry in WeightTable(architecture).entries where entry.isProjection {
            let group = stated["groups"]?[entry.name]?.integer
            let expected = QuantizedForm(entry, scheme)?.group
            guard group == expected else {
                throw .configuration(
                    path: path, key: "\(quantizationKey).groups.\(entry.name)", found: group.map { "\($0)" } ?? "null",
                    expected: expected.map { "\($0) for its \(entry.shape[1]) inputs" } ?? "null")
            }
        }
        return scheme
    }

    /// Reads the weights of a quantised folder: every tensor of every form with its shape and type, and no other.
    static func quantizedModel(
        _ architecture: Architecture, _ scheme: QuantizationScheme, _ folder: SafetensorsFolder, path: String,
        computeDType: DType, on device: Device
    ) throws(TransformerError) -> LanguageModel {
        let source = weightsPath(path)
        let problems = architecture.problems()
        guard problems.isEmpty else { throw .architecture(problems: problems) }
        var left = storedNames(folder, architecture)
        func read(_ name: String, _ shape: [Int], _ dtypes: [DType]) throws(TransformerError) -> Tensor {
            guard left.remove(name) != nil else { throw .missingTensor(path: source, tensor: name, shape: shape) }
            let tensor = try withTorch { () throws(TorchError) in try folder.tensor(name) }
            guard tensor.shape == shape else {
                throw .tensorShape(path: source, tensor: name, expected: shape, found: tensor.shape)
            }
            guard dtypes.contains(tensor.dtype) else {
                throw .tensorType(
                    path: source, tensor: name, found: tensor.dtype.rawValue,
                    supported: dtypes.map(\.rawValue).joined(separator: ", "))
            }
            return tensor
        }
        var held: [HeldWeight] = []
        for entry in WeightTable(architecture).entries {
            if let form = QuantizedForm(entry, scheme) {
                var tensors: [Tensor] = []
                for part in form.parts { tensors.append(try read(part.name, part.shape, [part.dtype])) }
                let made = tensors
                held.append(
                    .quantized(
                        try withTorch { () throws(TorchError) in try QuantizedMatrix(form, made, on: device) }))
            } else {
                let tensor = try read(entry.name, entry.shape, [.bfloat16, .float32, .float16])
                held.append(
                    .dense(
                        try withTorch { () throws(TorchError) in
                            let stored = entry.isStoredTransposed ? try tensor.transposed(0, 1) : tensor
                            // A view on a mapped file must not stay: copy in any case.
                            return try stored.to(computeDType).copied().to(device)
                        }))
            }
        }
        guard left.isEmpty else { throw .unexpectedTensors(path: source, tensors: left.sorted()) }
        let weights = held
        return try withTorch { () throws(TorchError) in
            try withoutGradients { () throws(TorchError) in
                try LanguageModel(architecture, held: weights, computeDType: computeDType, on: device, isFrozen: true)
            }
        }
    }
}
